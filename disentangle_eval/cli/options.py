"""Click options from the fields of a config, so that every setting is an ordinary option."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click
from click.shell_completion import CompletionItem
from pydantic.fields import FieldInfo

from disentangle_eval.config import NONE, Config, settings_of, takes_none
from disentangle_eval.errors import PluginError
from disentangle_eval.training.setting_names import HOLDABLE, flags, option_kind

# What an option holds for which `none` was typed; None is an option that was left out.
NO_VALUE = object()

CLICK_TYPES: dict[type, click.ParamType] = {int: click.INT, float: click.FLOAT, str: click.STRING}


class FieldOption(click.Option):
    """An option whose default, which may depend on other options, is only shown; shells complete names."""

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        from disentangle_eval.cli.completion import complete_datasets, complete_metrics, complete_presets

        completers = {"dataset": complete_datasets, "preset": complete_presets, "follow": complete_metrics}
        complete = completers.get(self.name or "")
        return complete(ctx, self, incomplete) if complete else super().shell_complete(ctx, incomplete)

    def get_help_extra(self, ctx: click.Context) -> click.types.OptionHelpExtra:
        extra = super().get_help_extra(ctx)
        if isinstance(self.show_default, str):
            extra["default"] = self.show_default
        return extra


def field_options(config: type[Config]) -> list[click.Option]:
    """One option per setting. An option left out is None, so that a preset replaces defaults and no typed value."""
    return [_option(name, field) for name, field in settings_of(config).items()]


def given_values(options: Mapping[str, Any], *configs: type[Config]) -> dict[str, Any]:
    """The settings of some configs that were given on the command line, by name."""
    names = [name for config in configs for name in settings_of(config)]
    given = {name: options[name] for name in names if options[name] is not None}
    return {name: None if value is NO_VALUE else value for name, value in given.items()}


def show_defaults(options: list[click.Option], values: Mapping[str, Any]) -> None:
    """Make help show `values` as the defaults."""
    for option in options:
        if values.get(option.name or "") is not None:
            kind = option.type.kind if isinstance(option.type, OrNone) else option.type
            option.show_default = _text(values[option.name], "," if isinstance(kind, Several) else " ")


def _option(name: str, field: FieldInfo) -> click.Option:
    switch = field.annotation is bool
    named = flags(name, switch)
    declared = "/".join(named) if switch else named[0]
    kind, count = (None, 1) if switch else _kind(name, field.annotation)
    if kind is not None and count == 1 and takes_none(field.annotation):
        kind = OrNone(kind)
    option = FieldOption([declared], type=kind, nargs=count, default=None, help=field.description)
    # Click names an option after its flag, `encoder_width`, and accepts no declared name with a dot. It uses the name
    # only as the key of the parsed value, so it can be replaced by that of the setting, `encoder.width`.
    option.name = name
    return option


def _kind(name: str, annotation: Any) -> tuple[click.ParamType, int]:
    """The click type of an annotation and the number of values it takes."""
    kind = option_kind(annotation)
    if kind is None:
        raise PluginError(f"setting {name!r}", received=annotation, expected=HOLDABLE)
    if kind.scalar is None:
        return click.Choice(kind.words), kind.count
    scalar = CLICK_TYPES[kind.scalar]
    if kind.words:
        return NumberOrWord(kind.words), kind.count
    return (Several(scalar), 1) if not kind.count else (scalar, kind.count)


class Several(click.ParamType):
    """Values with commas between, however many: `64,64`."""

    def __init__(self, kind: click.ParamType) -> None:
        self.kind = kind
        self.name = f"{kind.name},..."

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> tuple[Any, ...]:
        parts = value.split(",") if isinstance(value, str) else value
        return tuple(self.kind.convert(part, parameter, context) for part in parts if part != "")


class NumberOrWord(click.ParamType):
    """An integer, or one of some words."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = words
        self.name = f"integer|{'|'.join(words)}"

    def convert(self, value: str, parameter: click.Parameter | None, context: click.Context | None) -> int | str:
        if value in self.words:
            return value
        try:
            return int(value)
        except ValueError:
            self.fail(f"received {value!r}, expected an integer or {' or '.join(self.words)}", parameter, context)


class OrNone(click.ParamType):
    """A value, or `none` for a setting without one."""

    def __init__(self, kind: click.ParamType) -> None:
        self.kind = kind
        self.name = f"{kind.name}|{NONE}"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        return NO_VALUE if value == NONE else self.kind.convert(value, parameter, context)


def _text(value: Any, separator: str = " ") -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return separator.join(str(item) for item in value) if isinstance(value, tuple | list) else str(value)
