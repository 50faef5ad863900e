"""The order of arguments: a model first, then a data set; neither is a number."""

from __future__ import annotations

import os
from numbers import Number
from typing import Any

from disentangle_eval.errors import UsageError

MODEL = "a model: a run, a path or name, a module, or a callable on tensors"


def refuse_swapped(function: str, model: Any, data: Any) -> None:
    """`UsageError` where a data set is given first and what can be scored second."""
    from disentangle_eval.sources.kinds import HUB, is_source, names_dataset

    if isinstance(model, str):
        given, named = names_dataset(model) and not model.startswith(HUB), repr(model)
    else:
        given, named = is_data(model), "data"
    is_name = isinstance(data, (str, os.PathLike))
    if given and (is_source(os.fspath(data).partition("?")[0]) if is_name else not (data is None or is_data(data))):
        raise UsageError(
            f"de.{function}",
            received=f"the data set {named} first, then {data if is_name else type(data).__name__}",
            expected="the model first, then the data set",
            advice=f"swap them: de.{function}(model, {named})",
        )


def refuse_number(argument: str, value: Any, expected: str, example: str) -> None:
    """`UsageError` where an argument is a number or None; `example` is a call to type."""
    if value is None or isinstance(value, Number):
        kind = "" if value is None else f", of type {type(value).__name__}"
        raise UsageError(argument, received=f"{value!r}{kind}", expected=expected, advice=f"type {example}")


def is_data(value: Any) -> bool:
    """Whether a value is a data set or the name of something, rather than a model, codes or factors."""
    return isinstance(value, str) or hasattr(value, "images")
