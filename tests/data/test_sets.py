"""The built-in data sets as a whole: what listing them imports, and that each one's spec and loader fit."""

import inspect
import subprocess
import sys

import pytest

from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.data.sets import register_datasets
from disentangle_eval.registry.lookup import load_registry
from disentangle_eval.registry.specs import DataFile

SPECS = {spec.name: spec for spec in register_datasets()}
HEAVY = ("torch", "numpy", "scipy", "h5py", "PIL", "pydantic", "click")


def test_listing_data_sets_imports_nothing_heavy():
    code = (
        "import sys; from disentangle_eval.data.sets import register_datasets; assert list(register_datasets()); "
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_every_download_has_a_published_size_or_a_limit_of_its_own():
    default = DataFile(path="x").largest
    files = [file for spec in SPECS.values() for file in spec.files if file.urls]
    assert [file.path for file in files if not file.size and file.largest == default] == []


@pytest.mark.parametrize("name", SPECS)
def test_a_loader_takes_its_spec_a_folder_and_settings_where_there_are_any(name):
    registry = load_registry()
    parameters = list(inspect.signature(registry.resolve(registry.find_dataset(name))).parameters)
    assert parameters[0] == "spec"
    assert len(parameters) == (3 if SPECS[name].config else 2)


@pytest.mark.parametrize("name", [name for name, spec in SPECS.items() if spec.factors])
def test_the_factors_of_a_spec_multiply_to_its_images(name):
    assert len(FactorSpace.parse(SPECS[name].factors)) == SPECS[name].images
