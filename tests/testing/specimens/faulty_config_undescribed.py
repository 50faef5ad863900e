"""Settings with a field that nothing explains."""

from specimens.sound_config import SoundConfig


class Undescribed(SoundConfig):
    width: int = 3
