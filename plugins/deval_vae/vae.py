"""The VAE itself (Kingma & Welling, 2014)."""

from __future__ import annotations

from deval_vae.config import VAEConfig
from disentangle_eval.api import Losses, Step
from disentangle_eval.nn.gaussian_vae import GaussianVAE
from disentangle_eval.nn.likelihoods import BernoulliLikelihood


class VAE(BernoulliLikelihood, GaussianVAE[VAEConfig]):
    """Minimises reconstruction + KL, the negative evidence lower bound."""

    def losses(self, step: Step) -> Losses:
        batch = self.next_batch(step)
        return Losses(total={"vae": batch.reconstruction + batch.total_kl}, terms=batch.terms)
