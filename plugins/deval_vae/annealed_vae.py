"""beta-VAE with an annealed capacity (Burgess et al., 2018)."""

from __future__ import annotations

from torch import Tensor

from deval_vae.config import AnnealedVAEConfig
from disentangle_eval.api import Losses, Step
from disentangle_eval.nn.gaussian_vae import GaussianVAE
from disentangle_eval.nn.likelihoods import BernoulliLikelihood


class AnnealedVAE(BernoulliLikelihood, GaussianVAE[AnnealedVAEConfig]):
    """Minimises reconstruction + gamma |KL - C(t)| with a capacity C(t) that rises during training."""

    def losses(self, step: Step) -> Losses:
        batch = self.next_batch(step)
        capacity = capacity_at(self.cfg, step.iteration)
        return Losses(
            total={"vae": batch.reconstruction + self.cfg.gamma * (batch.total_kl - capacity).abs()},
            terms={**batch.terms, "capacity": capacity},
        )


def capacity_at(cfg: AnnealedVAEConfig, iteration: Tensor) -> Tensor:
    """C(t), nats: linear from 0 at the first iteration to `capacity` at `capacity_iterations`, constant afterwards."""
    return cfg.capacity * (iteration / cfg.capacity_iterations).clamp(max=1)
