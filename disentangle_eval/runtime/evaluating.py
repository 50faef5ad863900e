"""A model held still while it is judged or drawn from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def evaluating(model: object) -> Iterator[None]:
    """Eval mode without gradients; afterwards every module is in the mode it was in."""
    import torch
    from torch import nn

    training = [module for module in model.modules() if module.training] if isinstance(model, nn.Module) else []
    try:
        for module in training:
            module.training = False
        with torch.no_grad():
            yield
    finally:
        for module in training:
            module.training = True
