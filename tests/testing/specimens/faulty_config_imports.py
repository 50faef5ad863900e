"""Settings whose module imports torch."""

import torch  # noqa: F401
from specimens.sound_config import SoundConfig


class ImportsTorch(SoundConfig):
    pass
