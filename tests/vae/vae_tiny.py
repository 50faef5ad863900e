"""The family at a size one can evaluate by hand."""

import torch
from lively import lively

from deval_vae import config
from deval_vae.aae import AAE
from deval_vae.ada_gvae import AdaGVAE
from deval_vae.annealed_vae import AnnealedVAE
from deval_vae.beta_tcvae import BetaTCVAE
from deval_vae.beta_vae import BetaVAE
from deval_vae.dip_vae import DIPVAEI, DIPVAEII
from deval_vae.factorvae import FactorVAE
from deval_vae.vae import VAE
from disentangle_eval.api import ImageShape
from disentangle_eval.config import build

BATCH, LATENT, DATA_SIZE = 5, 3, 40
IMAGE = ImageShape(1, 16, 16)
TINY = {"latent_dim": LATENT, "hidden": 7, "batch_size": BATCH}
TINY_DISCRIMINATOR = {"discriminator_width": 6, "discriminator_layers": 2}
MODELS = {
    VAE: config.VAEConfig,
    BetaVAE: config.BetaVAEConfig,
    AnnealedVAE: config.AnnealedVAEConfig,
    FactorVAE: config.FactorVAEConfig,
    BetaTCVAE: config.BetaTCVAEConfig,
    DIPVAEI: config.DIPVAEIConfig,
    DIPVAEII: config.DIPVAEIIConfig,
    AdaGVAE: config.AdaGVAEConfig,
    AAE: config.AAEConfig,
}
DISCRIMINATED = (FactorVAE, AAE)


def tiny(model, image=IMAGE, **settings):
    torch.manual_seed(0)
    own = TINY_DISCRIMINATOR if model in DISCRIMINATED else {}
    return lively(model(build(MODELS[model], {**TINY, **own, **settings}), image)).train()
