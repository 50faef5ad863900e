"""State in the wrong place, one way each."""

from typing import Any

import torch
from specimens.sound_config import SoundConfig
from specimens.sound_model import Sound
from torch import Tensor, nn

from disentangle_eval.api import ImageShape, Losses, Step

_LAST: dict[str, Tensor] = {}


class ModuleLevelCache(Sound):
    """The second round uses what the first of any model left."""

    def judge(self, step: Step) -> Losses:
        losses = super().judge(step)
        _LAST["fake"] = losses.terms["fake"].detach()
        return losses

    def adjust(self, total: Tensor, step: Step) -> Tensor:
        return total * (1 + _LAST["fake"].square())


class PlainAttribute(Sound):
    """A running mean in a plain attribute."""

    mean: Any = 0.0

    def adjust(self, total: Tensor, step: Step) -> Tensor:
        self.mean = 0.9 * self.mean + 0.1 * total.detach()
        return total * (1 + self.mean)


class PythonCounter(Sound):
    calls = 0

    def adjust(self, total: Tensor, step: Step) -> Tensor:
        self.calls += 1
        return total * self.calls


class UnsavedRandomBuffer(Sound):
    """A fixed projection that no checkpoint holds."""

    def __init__(self, cfg: SoundConfig, image: ImageShape) -> None:
        super().__init__(cfg, image)
        projection = nn.init.orthogonal_(torch.empty(cfg.z_dim, cfg.z_dim))
        self.register_buffer("projection", projection, persistent=False)

    def sample(self, mean: Tensor, deviation: Tensor, step: Step) -> Tensor:
        return super().sample(mean, deviation, step) @ self.projection


class ReplacedBuffer(Sound):
    """A running mean that is a new tensor in every iteration."""

    def __init__(self, cfg: SoundConfig, image: ImageShape) -> None:
        super().__init__(cfg, image)
        self.register_buffer("mean", torch.zeros(()))

    def adjust(self, total: Tensor, step: Step) -> Tensor:
        self.mean = 0.9 * self.mean + 0.1 * total.detach()
        return total * (1 + self.mean)


class HalvedEveryOtherTime(Sound):
    """What a checkpoint keeps decides in Python how the loss is weighted."""

    def __init__(self, cfg: SoundConfig, image: ImageShape) -> None:
        super().__init__(cfg, image)
        self.calls = 0

    def adjust(self, total: Tensor, step: Step) -> Tensor:
        self.calls += 1
        return total * (0.5 + self.calls % 2)

    def get_extra_state(self) -> Tensor:
        return torch.tensor(self.calls)

    def set_extra_state(self, state: Tensor) -> None:
        self.calls = int(state)


class EncoderShiftedInTraining(Sound):
    """A shift of the code that training finds and the checkpoint lacks."""

    shift: Any = 0.0

    def adjust(self, total: Tensor, step: Step) -> Tensor:
        self.shift = total.detach() * 1e-3
        return total

    def encode(self, x: Tensor) -> Tensor:
        return super().encode(x) + self.shift


class NaNLater(Sound):
    """A loss whose gradient is NaN from the second iteration on."""

    def adjust(self, total: Tensor, step: Step) -> Tensor:
        later = (step.iteration > 0).float()
        return total + (1e-30 - later * total * 0 - later * 1e-30).sqrt() * 0
