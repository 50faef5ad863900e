"""Settings with one fault each; the module imports nothing slow."""

import math
from typing import ClassVar

from pydantic import BaseModel, ConfigDict
from specimens.sound_config import SoundConfig

from disentangle_eval.config import Config, Field, Presets


class AcceptsUnknown(SoundConfig):
    model_config = ConfigDict(extra="ignore")


class Changeable(SoundConfig):
    model_config = ConfigDict(frozen=False)


class LeavesOutAField(SoundConfig):
    width: int = Field(3, description="channels", exclude=True)


class Infinite(SoundConfig):
    ceiling: float = Field(math.inf, description="largest rate, nats")


class PresetOutOfBounds(SoundConfig):
    presets: ClassVar[Presets] = {"reference": {"*": {}}, "strong": {"dsprites": {"beta": -1.0}}}


class HoldsADictionary(SoundConfig):
    widths: dict[str, int] = Field(default_factory=dict, description="channels by layer")


class NamedAsAnOptionOfEveryRun(SoundConfig):
    out: int = Field(3, description="channels that come out")


class TwoOfOneFlag(SoundConfig):
    augment: bool = Field(False, description="whether images are moved")
    no_augment: int = Field(3, description="pixels that are not")


class Layers(Config):
    width: int = Field(3, description="channels")


class NamedAsASettingWithin(SoundConfig):
    encoder: Layers = Field(Layers(), description="layers of the encoder")
    encoder_width: int = Field(3, description="pixels that the encoder sees")


class Ordinary(BaseModel):
    width: int = 3


class HoldsOrdinarySettings(SoundConfig):
    encoder: Ordinary = Field(Ordinary(), description="layers of the encoder")


class NoDefaultAmongPresets(SoundConfig):
    presets: ClassVar[Presets] = {"refrence": {"*": {}}, "tuned": {"*": {}}}


class MisspeltDefaultPreset(SoundConfig):
    presets: ClassVar[Presets] = {"tuned": {"*": {}}}
    default_preset: ClassVar[str] = "tunde"
