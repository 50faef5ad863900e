"""FactorVAE (Kim & Mnih, 2018, equation 2 and algorithm 2)."""

from __future__ import annotations

import torch
from torch import Tensor

from deval_vae.config import FactorVAEConfig
from disentangle_eval.api import Losses, Step
from disentangle_eval.gaussians import sample
from disentangle_eval.nn.density_ratio import permute_dimensions
from disentangle_eval.nn.discriminated_vae import DiscriminatedVAE
from disentangle_eval.nn.gaussian_vae import Batch
from disentangle_eval.nn.likelihoods import BernoulliLikelihood


class FactorVAE(BernoulliLikelihood, DiscriminatedVAE[FactorVAEConfig]):
    """Minimises reconstruction + KL + gamma TC, the total correlation TC = KL(q(z) || prod_j q(z_j)).

    The discriminator learns to distinguish latents from latents whose dimensions were permuted over a batch
    independently, and so estimates the total correlation. With `match` prior the others are samples of the prior, and
    gamma weighs KL(q(z) || p(z)) instead (the paper's appendix F).
    """

    def losses(self, step: Step) -> Losses:
        batch = self.next_batch(step)
        if self.cfg.match == "prior":
            name, others = "aggregate_kl", self.prior.sample(step, step.batch)
        else:
            name, others = "total_correlation", permute_dimensions(self._others(batch, step), step)
        judgement = self.judge(batch.z, others)
        return Losses(
            total={
                "vae": batch.reconstruction + batch.total_kl + self._gamma(step) * judgement.divergence,
                "discriminator": judgement.loss,
            },
            terms={
                **batch.terms,
                name: judgement.divergence,
                "discriminator_accuracy": judgement.accuracy,
            },
        )

    def _gamma(self, step: Step) -> float | Tensor:
        """The weight of the divergence in an iteration: 0 in the first, `gamma` from `gamma_iterations` on."""
        if not self.cfg.gamma_iterations:
            return self.cfg.gamma
        return self.cfg.gamma * (step.iteration / self.cfg.gamma_iterations).clamp(max=1)

    def _others(self, batch: Batch, step: Step) -> Tensor:
        """Latents (B, Z) to permute: a second batch's, or the same ones."""
        if not self.cfg.second_batch:
            return batch.z.detach()
        with torch.no_grad():
            return sample(*self.gaussian(step.images()), step)
