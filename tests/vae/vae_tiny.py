"""The family at a size one can evaluate by hand, and a step that keeps what it hands out."""

from collections import defaultdict

import torch
from torch import nn

from deval_vae import config
from deval_vae.aae import AAE
from deval_vae.annealed_vae import AnnealedVAE
from deval_vae.beta_tcvae import BetaTCVAE
from deval_vae.beta_vae import BetaVAE
from deval_vae.dip_vae import DIPVAEI, DIPVAEII
from deval_vae.factorvae import FactorVAE
from deval_vae.vae import VAE
from disentangle_eval.api import ImageShape
from disentangle_eval.config import build
from disentangle_eval.draws import GeneratorDraw

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
    AAE: config.AAEConfig,
}
DISCRIMINATED = (FactorVAE, AAE)


def tiny(model, image=IMAGE, **settings):
    """A model with weights far enough from zero that every term matters."""
    torch.manual_seed(0)
    own = TINY_DISCRIMINATOR if model in DISCRIMINATED else {}
    built = model(build(MODELS[model], {**TINY, **own, **settings}), image)
    with torch.no_grad():
        for module in built.modules():
            if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
                module.weight.normal_(std=1.5 / module.weight[0].numel() ** 0.5)
    return built.train()


class RecordedStep(GeneratorDraw):
    """`Step` whose draws and images stay readable; a second one of the same seed hands out the same."""

    batch = BATCH
    data_size = DATA_SIZE

    def __init__(self, iteration=0, seed=3, image=IMAGE):
        super().__init__(seed)
        self.iteration = torch.tensor(iteration)
        self.image = image
        self.handed = defaultdict(list)

    def normal(self, *shape):
        return self._keep("normal", super().normal(*shape))

    def permutation(self, n, columns):
        return self._keep("permutation", super().permutation(n, columns))

    def images(self):
        return self._keep("images", super().uniform(self.batch, *self.image).round(decimals=1))

    def _keep(self, kind, value):
        self.handed[kind].append(value.clone())
        return value


def record_calls(model):
    """What goes into and comes out of each network, call by call: `calls[name]` is a list of (input, output)."""
    calls = defaultdict(list)
    for name, network in model.named_children():

        def keep(module, inputs, output, name=name):
            calls[name].append((inputs[0], output))

        network.register_forward_hook(keep)
    return calls
