import itertools
import math

from torch import nn
from torch.nn.functional import mse_loss

from disentangle_eval.api import Group, Losses, Model, Optim, Player, Round
from disentangle_eval.latents import continuous

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh}


class Towers(Model):
    def __init__(self, cfg, image):
        super().__init__(cfg, image)
        pixels = math.prod(image)
        self.encoder = layers((pixels, *cfg.encoder.hidden, cfg.latent_dim), cfg.encoder.activation)
        self.decoder = layers((cfg.latent_dim, *cfg.decoder.hidden, pixels), cfg.decoder.activation)
        self.code = continuous(cfg.latent_dim)

    def players(self):
        return [Player("autoencoder", (Group(self.encoder), Group(self.decoder)), Optim(lr=self.cfg.lr))]

    def rounds(self):
        return [Round(self.losses, ("autoencoder",))]

    def losses(self, step):
        x = step.images()
        return Losses({"autoencoder": mse_loss(self.reconstruct(x), x)}, {})

    def encode(self, x):
        return self.encoder(x.flatten(1))

    def reconstruct(self, x):
        return self.decoder(self.encode(x)).sigmoid().view(-1, *self.image)


def layers(sizes, activation):
    found = []
    for inputs, outputs in itertools.pairwise(sizes):
        found += [nn.Linear(inputs, outputs), ACTIVATIONS[activation]()]
    return nn.Sequential(*found[:-1])
