"""A small InfoGAN and a small InfoWGAN-GP on 8 x 8 images, and what their draws and the outputs of Q mean."""

import numpy as np
import torch
from lively import lively

from deval_infogan.config import InfoGANConfig, InfoWGANGPConfig
from deval_infogan.infogan import InfoGAN
from deval_infogan.infowgan_gp import InfoWGANGP
from disentangle_eval.api import ImageShape
from disentangle_eval.config import build

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
