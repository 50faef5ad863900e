"""A model held still while it is judged or drawn from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def evaluating(model: object) -> Iterator[None]:
    """Eval mode without gradients, with all numbers kept; afterwards every module is in the mode it was in."""
    import torch

    from disentangle_eval.runtime.subnormals import set_subnormals

    set_subnormals("kept")
    with eval_mode(model), torch.no_grad():
        yield


@contextmanager
def eval_mode(model: object) -> Iterator[None]:
    """Eval mode; afterwards every module is in the mode it was in."""
    from torch import nn

    training = [module for module in model.modules() if module.training] if isinstance(model, nn.Module) else []
    try:
        for module in training:
            module.training = False
        yield
    finally:
        for module in training:
            module.training = True
