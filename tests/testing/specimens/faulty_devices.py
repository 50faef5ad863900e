"""Methods that compute on the CPU wherever the model is, one way each."""

import torch
from specimens.sound_model import Sound
from torch import Tensor

from disentangle_eval.api import Draw


class ConstantOnTheCpu(Sound):
    def encode(self, x: Tensor) -> Tensor:
        return super().encode(x) - torch.zeros(len(self.code))


class ImagesOnTheCpu(Sound):
    def generate(self, z: Tensor, draw: Draw | None = None) -> Tensor:
        return super().generate(z, draw).cpu()


class PlainAttribute(Sound):
    def reconstruct(self, x: Tensor) -> Tensor:
        if not hasattr(self, "scale"):
            self.scale = torch.linspace(0.5, 1, x.shape[-1])
        return super().reconstruct(x) * self.scale
