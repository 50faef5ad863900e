"""A small InfoAE on 8 x 8 images."""

import torch
from lively import lively

from deval_infoae.config import InfoAEConfig
from deval_infoae.model import InfoAE
from disentangle_eval.api import ImageShape
from disentangle_eval.config import build

IMAGE = ImageShape(1, 8, 8)
BATCH, CLASSES, NOISE, LATENT = 6, 3, 4, 5
TINY = {"width": 2, "classes": CLASSES, "noise_dim": NOISE, "z_dim": LATENT, "hidden": 7, "batch_size": BATCH}
TOGETHER = ("encoder", "decoder", "latent_generator", "classifier")
NETWORKS = (*TOGETHER, "discriminator", "critic")


def tiny_infoae(**settings):
    torch.manual_seed(0)
    return lively(InfoAE(build(InfoAEConfig, {**TINY, **settings}), IMAGE))
