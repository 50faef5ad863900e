"""A small IB-GAN and a step that keeps what it hands out, so that a test can compute every loss once more."""

from collections import defaultdict

import torch
from torch import nn

from deval_ibgan.config import IBGANConfig
from deval_ibgan.model import IBGAN
from disentangle_eval.api import ImageShape
from disentangle_eval.config import build
from disentangle_eval.draws import GeneratorDraw

BATCH = 6
TINY = {"z_dim": 5, "r_dim": 3, "generator_width": 2, "discriminator_width": 2, "batch_size": BATCH}


def tiny_ibgan(channels=1, **settings):
    """An IB-GAN small enough to evaluate by hand, with weights far enough from zero that every term matters."""
    torch.manual_seed(0)
    model = IBGAN(build(IBGANConfig, {**TINY, **settings}), ImageShape(channels, 64, 64))
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
                module.weight.normal_(std=1.5 / module.weight[0].numel() ** 0.5)
    return model


class RecordedStep(GeneratorDraw):
    """`Step` whose normals, uniforms and images stay readable; a second one of the same seed hands out the same."""

    def __init__(self, iteration=0, channels=1, seed=3):
        super().__init__(seed)
        self.batch = BATCH
        self.iteration = torch.tensor(iteration)
        self.channels = channels
        self.handed = defaultdict(list)

    def normal(self, *shape):
        return self._keep("normal", super().normal(*shape))

    def uniform(self, *shape):
        return self._keep("uniform", super().uniform(*shape))

    def images(self):
        return self._keep("images", super().uniform(self.batch, self.channels, 64, 64).round(decimals=1))

    def _keep(self, kind, value):
        self.handed[kind].append(value.clone())
        return value


def record_calls(model):
    """What goes into and comes out of each network, call by call: `calls[name]` is a list of (input, output)."""
    calls = defaultdict(list)
    for name in ("encoder", "generator", "trunk", "discriminator", "reconstructor"):

        def keep(module, inputs, output, name=name):
            calls[name].append((inputs[0], output))

        getattr(model, name).register_forward_hook(keep)
    return calls
