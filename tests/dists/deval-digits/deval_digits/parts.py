"""The model and the data sets: an image's three pixels are all as bright as its class."""

import hashlib
from dataclasses import dataclass, replace

import numpy as np
import torch

from disentangle_eval.api import Group, ImageShape, Losses, Model, Optim, Player, Round
from disentangle_eval.config import ModelConfig
from disentangle_eval.latents import Categorical, Continuous


class Config(ModelConfig):
    pass


class Brightness(Model[Config]):
    """The code: a real number, then a class. The darkest images are of class 2."""

    code = (Continuous(), Categorical(3))

    def __init__(self, cfg, image):
        super().__init__(cfg, image)
        self.scale = torch.nn.Linear(1, 1)

    def players(self):
        return [Player("scale", (Group(self.scale),), Optim(lr=0.01))]

    def rounds(self):
        return [Round(self.losses, ("scale",))]

    def losses(self, step):
        brightness = step.images().mean(dim=(1, 2, 3))[:, None]
        return Losses(total={"scale": (self.scale(brightness) - brightness).square().mean()})

    def encode(self, x):
        brightness = x.mean(dim=(1, 2, 3))
        return torch.stack([brightness, 2 - (2 * brightness).round()], dim=1)


@dataclass(frozen=True)
class Plain:
    """A data set without labels."""

    name: str
    classes: np.ndarray
    width: int = 3
    factors = None

    def __len__(self):
        return len(self.classes)

    @property
    def sha256(self):
        return hashlib.sha256(self.classes.tobytes()).hexdigest()

    @property
    def shape(self):
        return ImageShape(1, 1, self.width)

    def images(self, index):
        brightness = torch.from_numpy(self.classes)[index].float() / 2
        return brightness[:, None, None, None].expand(-1, *self.shape)

    def to(self, device):
        return replace(self)


class WithLabels(Plain):
    @property
    def labels(self):
        return self.classes


def train(spec, folder):
    return Plain("digits", np.arange(128) % 3)


def test(spec, folder):
    return WithLabels("digits-test", np.array([0, 1, 2, 2, 2]))


class LabelledAnew(Plain):
    @property
    def labels(self):
        return (self.classes + 1) % 3


def held_back(spec, folder):
    return LabelledAnew("digits-held-back", np.array([0, 0, 1, 2]))


def wide(spec, folder):
    return WithLabels("digits-wide", np.array([0, 1, 2]), width=4)
