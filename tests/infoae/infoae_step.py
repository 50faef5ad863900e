"""A small InfoAE on 8 x 8 images, and a step that keeps what it hands out, so that a test can compute losses anew."""

from collections import defaultdict

import torch
from torch import nn

from deval_infoae.config import InfoAEConfig
from deval_infoae.model import InfoAE
from disentangle_eval.api import ImageShape
from disentangle_eval.config import build
from disentangle_eval.draws import GeneratorDraw

IMAGE = ImageShape(1, 8, 8)
BATCH, CLASSES, NOISE, LATENT = 6, 3, 4, 5
TINY = {"width": 2, "classes": CLASSES, "noise_dim": NOISE, "z_dim": LATENT, "hidden": 7, "batch_size": BATCH}
TOGETHER = ("encoder", "decoder", "latent_generator", "classifier")
NETWORKS = (*TOGETHER, "discriminator", "critic")


def tiny_infoae(**settings):
    """An InfoAE with weights far enough from zero that every term matters."""
    torch.manual_seed(0)
    model = InfoAE(build(InfoAEConfig, {**TINY, **settings}), IMAGE)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
                module.weight.normal_(std=1.5 / module.weight[0].numel() ** 0.5)
    return model


class RecordedStep(GeneratorDraw):
    """`Step` whose draws and images stay readable; a second one of the same seed hands out the same."""

    def __init__(self, seed=3):
        super().__init__(seed)
        self.batch = BATCH
        self.data_size = 10 * BATCH
        self.iteration = torch.tensor(0)
        self.handed = defaultdict(list)

    def uniform(self, *shape):
        return self._keep("uniform", super().uniform(*shape))

    def integers(self, high, *shape):
        return self._keep("integers", super().integers(high, *shape))

    def images(self):
        return self._keep("images", super().uniform(self.batch, *IMAGE).round(decimals=1))

    def _keep(self, kind, value):
        self.handed[kind].append(value.clone())
        return value


def record_calls(model):
    """What goes into and comes out of each network, call by call: `calls[name]` is a list of (inputs, output)."""
    calls = defaultdict(list)
    for name in NETWORKS:

        def keep(module, inputs, output, name=name):
            calls[name].append((inputs, output))

        getattr(model, name).register_forward_hook(keep)
    return calls
