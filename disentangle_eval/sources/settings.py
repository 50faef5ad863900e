"""What a user writes for a source: where it is, and how images must look to it. No torch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from numbers import Integral
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from disentangle_eval.config import Config, Field, build
from disentangle_eval.errors import DevalError, UsageError, did_you_mean
from disentangle_eval.runtime.files import with_home


def _numbers(value: Any) -> Any:
    return [part for part in value.split(",") if part] if isinstance(value, str) else value


Numbers = Annotated[tuple[float, ...], BeforeValidator(_numbers)]
Counts = Annotated[tuple[int, ...], BeforeValidator(_numbers)]


# The settings that say what the outputs of a network are, and those that say what it does.
OUTPUTS = ("output", "classes", "softmax", "code_classes", "log_variance")
ROLE = ("role", "prior")
# More classes than any array of indices has.
MOST_CLASSES = 2**31


class SourceSettings(Config):
    """How images in [0, 1] are prepared for a network, and what its outputs are."""

    channels: Literal["1", "3"] | None = Field(
        None, description="channels of its input: grey is repeated, colour becomes luminance"
    )
    size: int | None = Field(
        None, ge=1, le=4096, description="height and width of its input, pixels; images are resized"
    )
    range: Numbers = Field((0.0, 1.0), description="values of black and white, such as -1,1 or 0,255")
    mean: Numbers = Field((), description="per channel, subtracted after `range`")
    std: Numbers = Field((), description="per channel, the divisor after `mean`")
    output: str = Field("", description="which of several outputs, by number or name; by default the first")
    classes: int | None = Field(
        None, ge=2, description="the outputs are scores of this many classes; that of the highest is the code"
    )
    softmax: bool = Field(False, description="the outputs are logits; their probabilities are the code")
    code_classes: Counts = Field(
        (), description="per column, the number of classes where it holds class indices, otherwise 0, such as 10,0,0"
    )
    log_variance: str = Field(
        "", description="which of several outputs is the log variance of a normal posterior whose mean is the code"
    )
    role: Literal["encoder", "generator"] = Field(
        "encoder", description="encoder: images to codes; generator: latents to images"
    )
    prior: str = Field("", description="prior of a generator, such as normal:10 or uniform:10")


@dataclass(frozen=True)
class SourceName:
    """`PLACE`, or `PLACE?setting=value&setting=value`."""

    text: str
    place: str
    settings: SourceSettings


def parse_source(text: str) -> SourceName:
    """The parts of what was written; `UsageError` for an unknown setting and for one without a value.

    The path of a file or folder that is there has no settings, whatever its name.
    """
    place, _, query = (text, "", "") if _is_there(text) else text.partition("?")
    return SourceName(text, place, source_settings(_values(query, text)))


def with_settings_of_file(written: SourceName, stored: str) -> SourceName:
    """What was written, with the settings that the file itself has stored.

    One that was written takes the place of all stored ones of its kind: those of what the outputs are, or of the role.
    `DevalError` for stored settings that cannot be read.
    """
    if not stored:
        return written
    try:
        of_file = typed(source_settings(_values(stored, written.place)))
    except UsageError:
        received, advice = f"{stored[:80]!r}", "export the model again"
        raise DevalError(f"settings stored in {written.place!r}", received=received, advice=advice) from None
    own = typed(written.settings)
    for kind in (OUTPUTS, ROLE):
        if any(name in own for name in kind):
            of_file = {name: value for name, value in of_file.items() if name not in kind}
    return replace(written, settings=source_settings({**of_file, **own}))


def _values(query: str, text: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for pair in query.split("&") if query else []:
        setting, separator, value = pair.partition("=")
        if not separator and setting != "softmax":
            raise UsageError("source", received=repr(text), expected="SOURCE?setting=value, settings joined by &")
        values[setting.replace("-", "_")] = value if separator else True
    return values


def _is_there(text: str) -> bool:
    try:
        return with_home(text).exists()
    except OSError:  # longer than any name of a file
        return False


def typed(settings: SourceSettings) -> dict[str, Any]:
    """The settings that were written, those that are the defaults included."""
    return {name: getattr(settings, name) for name in settings.model_fields_set}


def given(settings: SourceSettings) -> dict[str, Any]:
    """The settings that differ from the defaults."""
    return settings.model_dump(exclude_defaults=True)


def written_source(place: str, settings: SourceSettings) -> str:
    """A place with the settings that differ from the defaults, as `parse_source` reads them."""
    values = {name: value if isinstance(value, tuple) else (value,) for name, value in given(settings).items()}
    texts = [f"{name}={','.join(str(one).removesuffix('.0') for one in value)}" for name, value in values.items()]
    return f"{place}?{'&'.join(texts)}" if texts else place


def source_settings(values: dict[str, Any]) -> SourceSettings:
    """Settings by name; `UsageError` where they are unknown, out of range or do not go together."""
    texts = ("channels", "output", "log_variance")
    numbers = {name: str(values[name]) for name in texts if isinstance(values.get(name), Integral)}
    values = {**values, **numbers}
    known = list(SourceSettings.model_fields)
    for name in values:
        if name not in known:
            raise UsageError(
                "source",
                received=f"the setting {name!r}",
                expected=f"one of: {', '.join(known)}",
                advice=did_you_mean(name, known),
            )
    settings = build(SourceSettings, values)
    if len(settings.range) != 2 or settings.range[0] == settings.range[1]:
        raise UsageError("range", received=_shown(settings.range), expected="two different numbers, such as -1,1")
    for name in ("mean", "std"):
        if len(getattr(settings, name)) not in (0, 1, 3):
            raise UsageError(name, received=_shown(getattr(settings, name)), expected="one number or three")
    if any(value <= 0 for value in settings.std):
        raise UsageError("std", received=_shown(settings.std), expected="numbers above 0")
    if any(not (classes == 0 or 2 <= classes < MOST_CLASSES) for classes in settings.code_classes):
        received = ",".join(map(str, settings.code_classes))
        raise UsageError("code_classes", received=received, expected="0, or at least 2 classes, per column")
    kinds = [name for name in OUTPUTS[1:] if name in given(settings)]
    if kinds and settings.role == "generator":
        raise UsageError(kinds[0], received="role=generator", expected="an encoder, whose outputs it describes")
    if settings.log_variance and settings.log_variance == (settings.output or "0"):
        raise UsageError(
            "log_variance", received=settings.log_variance, expected="another output than that of the code"
        )
    if len(kinds) > 1:
        raise UsageError(" and ".join(kinds), received=f"{len(kinds)} settings", expected="one of them")
    if settings.role == "generator" and not settings.prior:
        raise UsageError("prior", received="none", expected="the prior of the generator, such as prior=normal:10")
    return settings


def _shown(values: tuple[float, ...]) -> str:
    return ",".join(f"{value:g}" for value in values)
