"""torch's optimisers without its compiler, whose import takes about as long as that of torch itself."""

from __future__ import annotations

import functools
import inspect
from typing import Any, TypeVar

import torch

Kind = TypeVar("Kind", bound=torch.optim.Optimizer)

# Those that torch wraps for `torch.compile`; `step` is another.
_WRAPPED = ("add_param_group", "load_state_dict", "state_dict", "zero_grad")


@functools.cache
def without_compiler(kind: type[Kind]) -> type[Kind]:
    """An optimiser of the same name, arguments, state and numbers whose methods do not import torch's compiler.

    Its steps cannot be part of a function that `torch.compile` compiles.
    """
    methods: dict[str, Any] = {name: inspect.unwrap(getattr(kind, name)) for name in _WRAPPED}
    step = torch.no_grad()(inspect.unwrap(kind.step))
    return type(kind.__name__, (kind,), {**methods, "step": step, "__doc__": kind.__doc__})
