"""What is said of a model whose outputs no score can be computed from."""

from __future__ import annotations

from typing import Any

from disentangle_eval.errors import DevalError


def faulty_output(model: Any, method: str, *, received: str, expected: str) -> DevalError:
    """The error about what a method of a model returned.

    A model of a run is called by its class, and an earlier checkpoint is advised, since it has most likely diverged. An
    encoder or a generator from elsewhere is called by its `name`.
    """
    name = getattr(model, "name", None)
    if isinstance(name, str):
        advice = "check how images must look to it, such as ?range and ?mean"
        return DevalError(name, received=received, expected=expected, advice=advice)
    advice = "score an earlier checkpoint of the run"
    return DevalError(f"{type(model).__name__}.{method}", received=received, expected=expected, advice=advice)
