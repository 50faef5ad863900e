"""Nothing a reader may use goes without a word in the docs."""

import pkgutil
import re
from dataclasses import fields
from pathlib import Path

import pytest
from doc_pages import PAGES, table_of

import disentangle_eval
from disentangle_eval import api, config, nn, testing
from disentangle_eval.cli.main import COMMANDS
from disentangle_eval.metrics import toolbox
from disentangle_eval.registry import hookspecs
from disentangle_eval.results import Result

ALL = "\n".join(PAGES.values())
ALL_CHECKS = dict.fromkeys([*testing.CHECKS, *testing.METRIC_CHECKS, *testing.DATASET_CHECKS])
HOOKS = [name for name, value in vars(hookspecs).items() if hasattr(value, f"{hookspecs.PROJECT}_spec")]


@pytest.mark.parametrize("name", [*HOOKS, *api.__all__, *disentangle_eval.__all__])
def test_names_of_the_plugin_interface(name):
    assert re.search(rf"`{name}\b[^`\n]*`|\b{name}\(", ALL), f"no page mentions {name}"


@pytest.mark.parametrize("module", [config, testing])
def test_names_that_the_reference_lists_one_by_one(module):
    for name in module.__all__:
        assert re.search(rf"\b{name}\b", PAGES["api.md"]), f"api.md does not mention {name}"


@pytest.mark.parametrize("package", [toolbox, nn])
def test_public_modules_are_in_the_reference(package):
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        assert f".. automodule:: {module.name}\n" in PAGES["api.md"], module.name


def test_the_table_of_the_toolbox_has_every_module():
    listed = {name for cell, *_ in table_of("api.md", "module", "what it computes")[1:] for name in cell.split(", ")}
    assert listed == {module.name for module in pkgutil.iter_modules(toolbox.__path__)}


@pytest.mark.parametrize("name", COMMANDS)
def test_commands(name):
    assert f"deval {name}" in PAGES["cli.md"]


@pytest.mark.parametrize("name", [check.__name__.removeprefix("check_") for check in ALL_CHECKS])
def test_checks_of_the_conformance_kit(name):
    assert f"| `{name}` |" in PAGES["plugin-guide.md"]


@pytest.mark.parametrize("field", [field.name for field in fields(Result)])
def test_keys_of_a_result(field):
    assert f"`{field}`" in PAGES["cli.md"]


def test_environment_variables():
    code = "".join(path.read_text() for path in Path(disentangle_eval.__file__).parent.rglob("*.py"))
    for name in set(re.findall(r"\bDEVAL_[A-Z_]+", code)):
        assert f"`{name}`" in PAGES["cli.md"]
