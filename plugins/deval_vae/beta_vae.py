"""beta-VAE (Higgins et al., 2017)."""

from __future__ import annotations

from deval_vae.config import BetaVAEConfig
from deval_vae.likelihood import BernoulliLikelihood
from deval_vae.vae import GaussianVAE
from disentangle_eval.api import Losses, Step


class BetaVAE(BernoulliLikelihood, GaussianVAE[BetaVAEConfig]):
    """Minimises reconstruction + beta KL."""

    def losses(self, step: Step) -> Losses:
        batch = self.next_batch(step)
        return Losses(total={"vae": batch.reconstruction + self.cfg.beta * batch.total_kl}, terms=batch.terms)
