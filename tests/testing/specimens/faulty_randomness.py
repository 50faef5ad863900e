"""Randomness that the core did not lend, one way each."""

import random

import numpy as np
import torch
from specimens.sound_config import SoundConfig
from specimens.sound_model import Sound
from torch import Tensor, nn
from torch.distributions import Normal

from disentangle_eval.api import Draw, ImageShape, Step


class RandnLike(Sound):
    def sample(self, mean: Tensor, deviation: Tensor, step: Step) -> Tensor:
        return mean + deviation * torch.randn_like(mean)


class Rsample(Sound):
    def sample(self, mean: Tensor, deviation: Tensor, step: Step) -> Tensor:
        return Normal(mean, deviation, validate_args=False).rsample()


class Dropout(Sound):
    def __init__(self, cfg: SoundConfig, image: ImageShape) -> None:
        super().__init__(cfg, image)
        self.critic.insert(3, nn.Dropout(0.5))


class NumpyInARound(Sound):
    def adjust(self, total: Tensor, step: Step) -> Tensor:
        return total * np.random.uniform(0.5, 1.5)


class PythonInARound(Sound):
    def adjust(self, total: Tensor, step: Step) -> Tensor:
        return total * random.uniform(0.5, 1.5)


class NumpyInTheConstructor(Sound):
    def __init__(self, cfg: SoundConfig, image: ImageShape) -> None:
        super().__init__(cfg, image)
        nn.init.constant_(self.critic[1].bias, np.random.uniform())


class NoiseInGenerate(Sound):
    def generate(self, z: Tensor, draw: Draw | None = None) -> Tensor:
        return self.decoder(z + 0.1 * torch.randn_like(z))
