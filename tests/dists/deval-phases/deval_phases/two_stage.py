import torch
from torch import nn

from disentangle_eval.api import Group, Losses, Optim, Player, Round
from disentangle_eval.gaussians import kl_to_standard, log_density, sample
from disentangle_eval.nn.freezing import run_frozen
from disentangle_eval.nn.gaussian_vae import GaussianVAE


class TwoStageVAE(GaussianVAE):
    """The second stage models the latents of the first, which stands still meanwhile; images are drawn through both."""

    def __init__(self, cfg, image):
        super().__init__(cfg, image)
        self.second_encoder = dense(cfg.latent_dim, cfg.second_hidden, 2 * cfg.latent_dim)
        self.second_decoder = dense(cfg.latent_dim, cfg.second_hidden, cfg.latent_dim)
        self.log_variance = nn.Parameter(torch.zeros(()))

    def players(self):
        second = (Group(self.second_encoder), Group(self.second_decoder), Group(nn.ParameterList([self.log_variance])))
        return [*super().players(), Player("second", second, Optim(lr=self.cfg.lr))]

    def rounds(self):
        change = self.cfg.iterations - self.cfg.second_iterations
        return [Round(self.losses, ("vae",), end=change), Round(self.second_losses, ("second",), start=change)]

    def losses(self, step):
        batch = self.next_batch(step)
        return Losses({"vae": batch.reconstruction + batch.total_kl}, batch.terms)

    def second_losses(self, step):
        mean, log_variance = run_frozen(self.encoder, step.images()).chunk(2, dim=1)
        z = sample(mean, log_variance, step)
        second_mean, second_log_variance = self.second_encoder(z).chunk(2, dim=1)
        u = sample(second_mean, second_log_variance, step)
        reconstruction = -log_density(z, self.second_decoder(u), self.log_variance).sum(dim=1).mean()
        kl = kl_to_standard(second_mean, second_log_variance).sum(dim=1).mean()
        return Losses({"second": reconstruction + kl}, {"second_reconstruction": reconstruction, "second_kl": kl})

    def generate(self, z, draw=None):
        return super().generate(self.second_decoder(z))

    def reconstruct(self, x):
        return super().generate(self.encode(x))

    def traversal(self, draw):
        found = super().traversal(draw)
        return type(found)(**{**vars(found), "render": super().generate})


def dense(inputs, hidden, outputs):
    return nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, outputs))
