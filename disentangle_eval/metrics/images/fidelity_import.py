"""torch-fidelity, imported even where the torchvision next to it was built for another torch."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

import torch

from disentangle_eval.errors import DevalError, describe

# torchvision declares fake kernels for these when it is imported, and fails where its own library did not load.
_OPERATORS = ("nms", "qnms")
_SIGNATURE = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"

# The operators exist for as long as the object that declared them.
_declared: list[torch.library.Library] = []


def fidelity(module: str) -> ModuleType:
    """The module `torch_fidelity.<module>`, such as `metric_kid`. DevalError where it cannot be imported.

    torch-fidelity imports torchvision, which raises RuntimeError ("operator torchvision::nms does not exist") where it
    does not match torch. Nothing used here computes with torchvision, so its missing operators are declared, without
    kernels, and the import is tried again.
    """
    name = f"torch_fidelity.{module}"
    try:
        return importlib.import_module(name)
    except RuntimeError as error:
        if _declared or "torchvision::" not in str(error):
            raise _failure(error) from error
    except ImportError as error:
        raise _failure(error) from error
    _declare_operators()
    _forget("torchvision", "torch_fidelity")
    try:
        return importlib.import_module(name)
    except Exception as error:  # whatever a torchvision of another release does
        raise _failure(error) from error


def _declare_operators() -> None:
    library = torch.library.Library("torchvision", "FRAGMENT")
    for operator in _OPERATORS:
        library.define(operator + _SIGNATURE)
    _declared.append(library)


def _forget(*packages: str) -> None:
    """So that modules left half imported are imported again."""
    for name in [name for name in sys.modules if name.partition(".")[0] in packages]:
        del sys.modules[name]


def _failure(error: Exception) -> DevalError:
    return DevalError(
        f"torch-fidelity cannot be imported ({describe(error)})",
        expected=f"torch-fidelity 0.4 or later and the torchvision that belongs to torch {torch.__version__}",
        advice="pip install torch-fidelity torchvision",
    )
