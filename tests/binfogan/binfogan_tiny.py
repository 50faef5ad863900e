"""A small Bidirectional InfoGAN."""

import torch

from deval_binfogan.config import BidirectionalInfoGANConfig
from deval_binfogan.model import BidirectionalInfoGAN
from disentangle_eval.api import ImageShape
from disentangle_eval.config import build

IMAGE = ImageShape(1, 28, 28)
BATCH, CATEGORICAL, CLASSES, CONTINUOUS, NOISE = 6, 2, 3, 2, 4
TINY = {
    "width": 2,
    "categorical_codes": CATEGORICAL,
    "classes": CLASSES,
    "continuous_codes": CONTINUOUS,
    "noise_dim": NOISE,
    "batch_size": BATCH,
}
NETWORKS = ("generator", "encoder", "discriminator")


def tiny_binfogan(image=IMAGE, **settings):
    torch.manual_seed(0)
    return BidirectionalInfoGAN(build(BidirectionalInfoGANConfig, {**TINY, **settings}), ImageShape(*image))
