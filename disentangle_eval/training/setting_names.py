"""What a model's settings must be called and hold to be options of `deval train` and arguments of `de.train`."""

from __future__ import annotations

import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin

from disentangle_eval.config import ModelConfig, settings_of
from disentangle_eval.errors import PluginError
from disentangle_eval.training.planning import RunSettings

SCALARS: tuple[type, ...] = (int, float, str)
HOLDABLE = (
    "int, float, str, bool, Literal, a tuple of one of these, or a Config of such settings, which options can hold"
)

# Options of every command, and arguments of `de.train`, that are no fields of `RunSettings`.
RESERVED = frozenset(
    {*RunSettings.model_fields, "seeds", "out", "resume", "data_dir", "progress", "model", "help", "debug", "plugins"}
)


@dataclass(frozen=True)
class OptionKind:
    """What an option holds: values of a `scalar`, or one of some `words`; `scalar` with `words` allows both.

    `count` values are typed one after the other, and where it is 0 any number of them with commas between.
    """

    scalar: type | None
    words: tuple[str, ...] = ()
    count: int = 1


def option_kind(annotation: Any) -> OptionKind | None:
    """The kind of option that holds values of a type other than bool; None where none can."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return OptionKind(None, tuple(str(value) for value in arguments))
    if origin in (Union, types.UnionType):
        present = [argument for argument in arguments if argument is not type(None)]
        if len(present) == 1:
            return option_kind(present[0])
        if len(present) == 2 and get_origin(present[1]) is Literal and present[0] is int:
            return OptionKind(int, get_args(present[1]))
        return None
    if origin is tuple and arguments:
        several = len(arguments) == 2 and arguments[1] is Ellipsis
        if not several and (Ellipsis in arguments or len(set(arguments)) != 1):
            return None
        each = option_kind(arguments[0])
        if each is None or each.count != 1 or (several and each.words):
            return None
        return OptionKind(each.scalar, each.words, 0 if several else len(arguments))
    return OptionKind(annotation) if annotation in SCALARS else None


def flags(name: str, is_switch: bool) -> tuple[str, ...]:
    """The flags of a setting on the command line: `lambda_` is --lambda, a switch also has --no-NAME.

    `encoder.width` is --encoder-width.
    """
    flag = "-".join(part.rstrip("_").replace("_", "-") for part in name.split("."))
    return (f"--{flag}", f"--no-{flag}") if is_switch else (f"--{flag}",)


def unfit_settings(config: type[ModelConfig]) -> Iterator[str]:
    """Why settings cannot be options, a line per fault."""
    taken = {flag: "an option of every training" for name in RESERVED for flag in flags(name, False)}
    for name, field in settings_of(config).items():
        is_switch = field.annotation is bool
        if not is_switch and option_kind(field.annotation) is None:
            yield f"setting {name!r} is {type_name(field.annotation)}, expected {HOLDABLE}"
        for flag in flags(name, is_switch):
            if flag in taken:
                yield f"setting {name!r} would be {flag}, which is {taken[flag]}"
            taken[flag] = f"setting {name!r}"


def refuse_unfit_settings(model: str, config: type[ModelConfig]) -> None:
    """`PluginError` naming the first setting of a model that cannot be an option."""
    for problem in unfit_settings(config):
        raise PluginError(f"model {model!r}: {problem}", advice=f"rename or retype it in {config.__name__}")


def type_name(annotation: Any) -> str:
    """A type as it is written in code."""
    return annotation.__name__ if isinstance(annotation, type) and not get_args(annotation) else str(annotation)
