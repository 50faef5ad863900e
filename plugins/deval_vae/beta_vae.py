"""beta-VAE (Higgins et al., 2017)."""

from __future__ import annotations

from deval_vae.config import BetaVAEConfig
from disentangle_eval.api import Losses, Step
from disentangle_eval.nn.gaussian_vae import GaussianVAE
from disentangle_eval.nn.likelihoods import BernoulliLikelihood


class BetaVAE(BernoulliLikelihood, GaussianVAE[BetaVAEConfig]):
    """Minimises reconstruction + beta KL."""

    def losses(self, step: Step) -> Losses:
        batch = self.next_batch(step)
        return Losses(total={"vae": batch.reconstruction + self.cfg.beta * batch.total_kl}, terms=batch.terms)
