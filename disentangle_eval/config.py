"""Settings as data: frozen, bounded and described, in modules that import no torch."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType
from typing import Any, ClassVar, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from disentangle_eval.errors import UsageError, did_you_mean
from disentangle_eval.registry.names import parse_dataset

__all__ = [
    "Config",
    "DatasetConfig",
    "Field",
    "MetricConfig",
    "ModelConfig",
    "Presets",
    "Values",
    "build",
    "by_setting",
    "defaults",
    "flat",
    "preset_dataset",
    "preset_values",
    "resolve",
    "settings_of",
    "shortened",
]

Values = Mapping[str, Any]
Presets = Mapping[str, Mapping[str, Values]]

ANY_DATASET = "*"

# The text that means no value, for settings that are a number or nothing.
NONE = "none"

# Key of a preset's values for the data set: its own settings, not the model's.
DATASET_SETTINGS = "dataset"


class Config(BaseModel):
    """Settings that refuse unknown keys and never change; every field has bounds and a one-line description.

    A field may hold settings of its own kind, `encoder: EncoderConfig = Field(EncoderConfig(), description=...)`. Its
    settings are called `encoder.width` wherever settings have names, and `--encoder-width` as options. A field that is
    a number or None takes the text `none` for None, since files and command lines have no other word for it.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False, protected_namespaces=()
    )

    @model_validator(mode="before")
    @classmethod
    def _read_none(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        fields = cls.model_fields
        unset = {name for name, value in values.items() if isinstance(value, str) and value == NONE}
        return {**values, **{name: None for name in unset if name in fields and takes_none(fields[name].annotation)}}

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        undescribed = [name for name, field in cls.model_fields.items() if not field.description]
        if undescribed:
            raise TypeError(
                f"{cls.__name__}: no description on {', '.join(undescribed)}; write such as "
                f'{undescribed[0]}: float = Field(1.0, description="what it is"), with its own type and default'
            )


class ModelConfig(Config):
    """Settings of a model, with its presets.

    `presets[preset][dataset]` holds the values a preset sets on a data set; the data set `"*"` means all others.
    Fields a preset leaves out keep the class's own default. Training a model without `--preset` uses `default_preset`.
    Under the key `"dataset"` a preset may also hold settings of the data set, such as `{"dataset": {"channels": 3}}`;
    settings that a user writes after the data set's name override them. `preset_notes[preset]` says in a few words
    where the values are from.
    """

    presets: ClassVar[Presets] = {}
    preset_notes: ClassVar[Mapping[str, str]] = {}
    default_preset: ClassVar[str] = "reference"

    batch_size: int = Field(64, ge=1, description="images per batch")
    iterations: int = Field(100_000, ge=1, description="training iterations")


class DatasetConfig(Config):
    """Settings of a data set, such as how its pictures are cropped; a user writes them after its name."""


class MetricConfig(Config):
    """Settings of a metric.

    `protocols[protocol]` holds the values of a named protocol; the first is the default. A metric's name and protocol
    fix every number that enters the score.
    """

    protocols: ClassVar[Mapping[str, Values]] = {}

    def needed(self, of_metric: frozenset[str]) -> frozenset[str]:
        """What the metric needs under these settings, where `of_metric` is what its spec says that it needs."""
        return of_metric


ConfigT = TypeVar("ConfigT", bound=Config)
ModelConfigT = TypeVar("ModelConfigT", bound=ModelConfig)


def build(config: type[ConfigT], *layers: Values) -> ConfigT:
    """The validated settings, or a `UsageError` naming every field that is wrong.

    Each setting has its value in the last of the `layers` that has it, else its default. Settings within settings are
    settings of their own, as `{"encoder.width": 8}` or `{"encoder": {"width": 8}}`, which leaves the others alone.
    """
    values = _defaults_within(config)
    for layer in layers:
        values |= by_setting(config, layer)
    try:
        return config(**_nested(config, values))
    except ValidationError as error:
        problems = "; ".join(_problem(detail, config) for detail in error.errors())
        raise UsageError(problems) from None


def resolve(config: type[ModelConfigT], dataset: str, preset: str | None, values: Values) -> ModelConfigT:
    """The settings of one run: class defaults, then the preset for this data set, then `values`.

    Raises `UsageError` for a preset the model does not have, or does not have for this data set.
    """
    return build(config, preset_values(config, dataset, preset), values)


def settings_of(config: type[Config]) -> dict[str, FieldInfo]:
    """Every single setting by its name; those within settings have names with a dot, `encoder.width`."""
    fields: dict[str, FieldInfo] = {}
    for name, field in config.model_fields.items():
        inner = settings_within(field)
        fields |= {f"{name}.{key}": value for key, value in settings_of(inner).items()} if inner else {name: field}
    return fields


def settings_within(field: FieldInfo | None) -> type[Config] | None:
    """The settings that a field holds, None where it holds a value."""
    annotation = field.annotation if field else None
    return annotation if isinstance(annotation, type) and issubclass(annotation, Config) else None


def flat(values: Values | Config) -> dict[str, Any]:
    """Values by the names of single settings: `{"encoder": {"width": 8}}` -> `{"encoder.width": 8}`."""
    found: dict[str, Any] = {}
    for name, value in dict(values).items():
        inner = flat(value) if isinstance(value, Mapping | Config) else None
        found |= {name: value} if inner is None else {f"{name}.{key}": item for key, item in inner.items()}
    return found


def by_setting(config: type[Config], values: Values) -> dict[str, Any]:
    """As `flat`, where the config has settings within settings; other mappings stay whole."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        found |= flat({name: value}) if settings_within(config.model_fields.get(name)) else {name: value}
    return found


def defaults(config: type[Config]) -> dict[str, Any]:
    """The default of every single setting that has one written down, by its name."""
    own = {name: field.default for name, field in settings_of(config).items()}
    return {name: value for name, value in own.items() if value is not PydanticUndefined} | _defaults_within(config)


def _defaults_within(config: type[Config]) -> dict[str, Any]:
    """The defaults of settings within settings, which may differ from those of their class."""
    fields = {
        name: field for name, field in config.model_fields.items() if settings_within(field) and not field.is_required()
    }
    return flat({name: field.get_default(call_default_factory=True) for name, field in fields.items()})


def _nested(config: type[Config], values: Values) -> dict[str, Any]:
    """The inverse of `by_setting`."""
    whole: dict[str, Any] = {}
    within: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        outer, dot, inner = name.partition(".")
        if dot and settings_within(config.model_fields.get(outer)):
            within.setdefault(outer, {})[inner] = value
        else:
            whole[name] = value
    for outer, group in within.items():
        inner_config = settings_within(config.model_fields[outer])
        assert inner_config is not None
        whole.setdefault(outer, _nested(inner_config, group))
    return whole


def shortened(cfg: ModelConfigT, factor: float) -> ModelConfigT:
    """The same schedule in 1 / `factor` of its iterations: every learning rate (`lr`, `lr_*`) times `factor`, and every
    number of iterations (`iterations`, `*_iterations`) divided by it, to at least 1.

    A way to look at a training early. It is faithful as long as the optimiser's path does not depend on its step, which
    holds for small learning rates; it does not replace the published length. `UsageError` for a factor below 1.
    """
    if factor < 1:
        raise UsageError("shorten", received=str(factor), expected="at least 1")
    changed = {
        name: value * factor if is_learning_rate(name) else max(1, round(value / factor))
        for name, value in flat(cfg).items()
        if value and (is_learning_rate(name) or counts_iterations(name))
    }
    return build(type(cfg), dict(cfg), changed)


def is_learning_rate(name: str) -> bool:
    """Whether a setting is a learning rate, by its name."""
    own = name.rpartition(".")[2]
    return own == "lr" or own.startswith("lr_")


def counts_iterations(name: str) -> bool:
    """Whether a setting is a number of iterations, by its name."""
    own = name.rpartition(".")[2]
    return own == "iterations" or own.endswith("_iterations")


def preset_values(config: type[ModelConfig], dataset: str, preset: str | None) -> Values:
    """What a preset sets on a data set; without a named preset, the default one, or nothing where it has no entry.

    Presets are by the name of a data set alone, without its path and settings.
    """
    return {name: value for name, value in _entry(config, dataset, preset).items() if name != DATASET_SETTINGS}


def preset_dataset(config: type[ModelConfig], dataset: str, preset: str | None) -> str:
    """The data set as a preset wants it: `dataset` with the preset's settings for it, where it names none of its own.

    `preset_dataset(FactorVAEConfig, "chairs3d", None)` is `"chairs3d?channels=3"`, and `"chairs3d?channels=1"` stays.
    """
    written = parse_dataset(dataset)
    wanted = _entry(config, dataset, preset).get(DATASET_SETTINGS, {})
    left = {name: str(value) for name, value in wanted.items() if name not in written.settings}
    if not left:
        return dataset
    settings = "&".join(f"{name}={value}" for name, value in {**written.settings, **left}.items())
    return f"{dataset.partition('?')[0]}?{settings}"


def preset_records(config: type[ModelConfig]) -> list[dict[str, Any]]:
    """Name, note and data sets of each preset, the default first."""
    names = sorted(config.presets, key=lambda preset: preset != config.default_preset)
    return [
        {"name": name, "note": config.preset_notes.get(name, ""), "datasets": list(config.presets[name])}
        for name in names
    ]


def _entry(config: type[ModelConfig], dataset: str, preset: str | None) -> Values:
    """Everything a preset holds for a data set; `UsageError` where it is not there."""
    dataset = parse_dataset(dataset).name
    if preset is None:
        by_dataset = config.presets.get(config.default_preset, {})
        return by_dataset.get(dataset, by_dataset.get(ANY_DATASET, {}))
    if preset not in config.presets:
        raise UsageError(
            "preset", received=repr(preset), expected=f"one of: {', '.join(sorted(config.presets)) or 'none'}"
        )
    by_dataset = config.presets[preset]
    if dataset not in by_dataset and ANY_DATASET not in by_dataset:
        raise UsageError(
            f"preset {preset!r} has no values for a data set",
            received=repr(dataset),
            expected=f"one of: {', '.join(sorted(by_dataset))}",
        )
    return by_dataset.get(dataset, by_dataset.get(ANY_DATASET, {}))


def takes_none(annotation: Any) -> bool:
    """Whether a setting of this type is one number or several, or None, so that the text `none` can only mean None."""
    parts = get_args(annotation)
    others = [part for part in parts if part is not NoneType]
    return len(others) < len(parts) and all(part in (int, float) or get_origin(part) is tuple for part in others)


def settings_below(annotation: Any) -> type[Config] | None:
    """The settings in a type, such as an optional one or a tuple of them; None where there are none."""
    if isinstance(annotation, type) and issubclass(annotation, Config):
        return annotation
    return next(filter(None, map(settings_below, get_args(annotation))), None)


def _problem(detail: Any, config: type[Config]) -> str:
    name = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        for outer in detail["loc"][:-1]:
            config = settings_below(getattr(config.model_fields.get(outer), "annotation", None)) or config
        near = did_you_mean(str(detail["loc"][-1]), config.model_fields)
        return f"{name}: unknown setting, expected one of: {', '.join(config.model_fields)}" + (near and f"; {near}")
    if detail["type"] == "missing":
        return f"{name}: missing"
    field = config.model_fields.get(name)
    or_none = f", or {NONE}" if field is not None and takes_none(field.annotation) else ""
    said = detail["msg"].replace("a valid tuple", "a list")
    return f"{name}: received {detail['input']!r}, {said[0].lower()}{said[1:]}{or_none}"
