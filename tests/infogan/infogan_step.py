"""A small InfoGAN on 8 x 8 images, and a step that keeps what it hands out, so that a test can compute losses anew."""

from collections import defaultdict

import numpy as np
import torch
from torch import nn

from deval_infogan.config import InfoGANConfig, InfoWGANGPConfig
from deval_infogan.infogan import InfoGAN
from deval_infogan.infowgan_gp import InfoWGANGP
from disentangle_eval.api import ImageShape
from disentangle_eval.config import build
from disentangle_eval.draws import GeneratorDraw

IMAGE = ImageShape(1, 8, 8)
BATCH, CATEGORICAL, CLASSES, CONTINUOUS, NOISE = 6, 2, 3, 2, 4
TINY = {
    "width": 2,
    "categorical_codes": CATEGORICAL,
    "classes": CLASSES,
    "continuous_codes": CONTINUOUS,
    "noise_dim": NOISE,
    "batch_size": BATCH,
}
NETWORKS = ("generator", "trunk", "discriminator", "reconstructor")


def tiny_infogan(**settings):
    torch.manual_seed(0)
    return lively(InfoGAN(build(InfoGANConfig, {**TINY, **settings}), IMAGE))


def tiny_infowgan_gp(**settings):
    torch.manual_seed(0)
    return lively(InfoWGANGP(build(InfoWGANGPConfig, {**TINY, **settings}), IMAGE))


def lively(model):
    """Weights far enough from zero that every term matters."""
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
    """What goes into and comes out of each network, call by call: `calls[name]` is a list of (input, output)."""
    calls = defaultdict(list)
    for name in NETWORKS:

        def keep(module, inputs, output, name=name):
            calls[name].append((inputs[0], output))

        getattr(model, name).register_forward_hook(keep)
    return calls


def double(tensor):
    return tensor.detach().double().numpy()


def handed_codes(step):
    """One-hot codes (B, n, K), continuous codes (B, C) and noise (B, N) of the latent a step handed out last."""
    classes = [double(draw) for draw in step.handed["integers"][-CATEGORICAL:]]
    hot = np.stack([np.eye(CLASSES)[column.astype(int)] for column in classes], axis=1)
    continuous = [2 * double(draw) - 1 for draw in step.handed["uniform"] if draw.shape == (BATCH, CONTINUOUS)][-1]
    noise = [2 * double(draw) - 1 for draw in step.handed["uniform"] if draw.shape == (BATCH, NOISE)][-1]
    return hot, continuous, noise


def expected_bounds(outputs, hot, continuous, std):
    """L_I on the categorical and on the continuous codes, nats, from Q's outputs in float64."""
    outputs = double(outputs)
    logits = outputs[:, : CATEGORICAL * CLASSES].reshape(BATCH, CATEGORICAL, CLASSES)
    log_q = logits - np.log(np.exp(logits).sum(axis=2, keepdims=True))
    categorical = np.mean(np.sum(hot * log_q, axis=(1, 2))) + CATEGORICAL * np.log(CLASSES)
    mean = outputs[:, CATEGORICAL * CLASSES :][:, :CONTINUOUS]
    sigma = (
        np.sqrt(np.exp(outputs[:, CATEGORICAL * CLASSES + CONTINUOUS :])) if std == "learned" else np.ones_like(mean)
    )
    density = np.exp(-((continuous - mean) ** 2) / (2 * sigma**2)) / np.sqrt(2 * np.pi * sigma**2)
    return categorical, np.mean(np.sum(np.log(density), axis=1)) + CONTINUOUS * np.log(2)
