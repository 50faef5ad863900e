"""A small IB-GAN."""

import torch
from lively import lively

from deval_ibgan.config import IBGANConfig
from deval_ibgan.model import IBGAN
from disentangle_eval.api import ImageShape
from disentangle_eval.config import build

IMAGE = ImageShape(1, 64, 64)
BATCH = 6
TINY = {"z_dim": 5, "r_dim": 3, "generator_width": 2, "discriminator_width": 2, "batch_size": BATCH}
NETWORKS = ("encoder", "generator", "trunk", "discriminator", "reconstructor")


def tiny_ibgan(**settings):
    torch.manual_seed(0)
    return lively(IBGAN(build(IBGANConfig, {**TINY, **settings}), IMAGE))
