"""The models at a size one can evaluate by hand."""

import torch
from lively import lively

from deval_discrete.config import JointVAEConfig, VQVAEConfig
from deval_discrete.jointvae import JointVAE
from deval_discrete.vqvae import VQVAE
from disentangle_eval.api import ImageShape
from disentangle_eval.config import build

BATCH, LATENT, CLASSES = 5, 2, (3, 2)
IMAGE = ImageShape(1, 16, 16)
TINY_JOINT = {"latent_dim": LATENT, "classes": CLASSES, "hidden": 7}


def tiny_jointvae(image=IMAGE, **settings):
    torch.manual_seed(0)
    return lively(JointVAE(build(JointVAEConfig, {**TINY_JOINT, **settings}), image)).train()


TINY_VQ = {"classes": 5, "embedding_dim": 3, "width": 6, "halvings": 2, "batch_size": BATCH}


def tiny_vqvae(image=IMAGE, **settings):
    torch.manual_seed(0)
    model = lively(VQVAE(build(VQVAEConfig, {**TINY_VQ, **settings}), image))
    with torch.no_grad():
        model.codebook.vectors.normal_()
    return model.train()
