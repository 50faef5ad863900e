"""Settings with one fault each; the module imports nothing slow."""

import math
from typing import ClassVar

from pydantic import ConfigDict
from specimens.sound_config import SoundConfig

from disentangle_eval.config import Field, Presets


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
