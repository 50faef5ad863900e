"""torch-fidelity beside a torchvision that was built for another torch, and beside none."""

import pytest

from disentangle_eval.errors import DevalError
from disentangle_eval.metrics.images import fidelity_import
from disentangle_eval.metrics.images.fidelity_import import fidelity

MISMATCH = RuntimeError("operator torchvision::nms does not exist")


@pytest.fixture
def imports(monkeypatch):
    """The outcomes of the imports to come, and what was done in between."""
    outcomes, done = [], []

    def import_module(name):
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return name

    monkeypatch.setattr(fidelity_import, "_declared", [])
    monkeypatch.setattr(fidelity_import, "_declare_operators", lambda: done.append("declared"))
    monkeypatch.setattr(fidelity_import, "_forget", lambda *packages: done.append(packages))
    monkeypatch.setattr(fidelity_import.importlib, "import_module", import_module)
    return outcomes, done


def test_torch_fidelity_is_there_whatever_torchvision_is():
    assert fidelity("metric_kid").KEY_METRIC_KID_MEAN == "kernel_inception_distance_mean"


def test_a_mismatched_torchvision_is_imported_again_once_its_operators_are_declared(imports):
    outcomes, done = imports
    outcomes[:] = [MISMATCH, "the module"]
    assert fidelity("metric_kid") == "torch_fidelity.metric_kid"
    assert done == ["declared", ("torchvision", "torch_fidelity")]


@pytest.mark.parametrize(
    ("raised", "repaired"),
    [
        ([ModuleNotFoundError("No module named 'torchvision'")], False),
        ([RuntimeError("something else")], False),
        ([MISMATCH, AttributeError("still broken")], True),
    ],
)
def test_what_cannot_be_repaired_is_told_in_one_line(imports, raised, repaired):
    outcomes, done = imports
    outcomes[:] = list(raised)
    with pytest.raises(DevalError, match=r"pip install torch-fidelity torchvision") as told:
        fidelity("metric_kid")
    assert str(raised[-1]) in str(told.value)
    assert bool(done) == repaired
