"""Ada-GVAE (Locatello et al., 2020): weak supervision by pairs of images that share most of their factors."""

from __future__ import annotations

import torch
from torch import Tensor

from deval_vae.config import AdaGVAEConfig
from disentangle_eval.api import Losses, Step
from disentangle_eval.nn.gaussian_vae import GaussianVAE
from disentangle_eval.nn.likelihoods import BernoulliLikelihood


class AdaGVAE(BernoulliLikelihood, GaussianVAE[AdaGVAEConfig]):
    """Minimises reconstruction + beta KL of both images of a pair, whose posteriors agree where they nearly do.

    Training knows that few factors differ between the images of a pair, and neither which nor their classes.
    """

    def losses(self, step: Step) -> Losses:
        x = torch.cat(step.pairs(self.cfg.differing_factors or None))
        mean, log_variance, shared = averaged(*self.gaussian(x))
        batch = self.through(x, mean, log_variance, step)
        return Losses(
            total={"vae": batch.reconstruction + self.cfg.beta * batch.total_kl},
            terms={**batch.terms, "shared_dimensions": shared.float().sum(dim=1).mean()},
        )


def averaged(mean: Tensor, log_variance: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Posteriors (2B, Z) of B pairs, first images first -> mean and log variance (2B, Z), and which are shared (B, Z).

    A dimension is shared where KL(q(z_j|x_1) || q(z_j|x_2)) is below the middle between the least and the greatest of
    its pair. Both posteriors then have the average of the two means and of the two variances.
    """
    (mean_1, mean_2), (log_1, log_2) = mean.chunk(2), log_variance.chunk(2)
    kl = 0.5 * ((log_1 - log_2).exp() + (mean_1 - mean_2).square() / log_2.exp() - 1 + log_2 - log_1)
    middle = 0.5 * (kl.amin(dim=1, keepdim=True) + kl.amax(dim=1, keepdim=True))
    shared = kl < middle
    mean_of_both = 0.5 * (mean_1 + mean_2)
    log_of_both = (0.5 * (log_1.exp() + log_2.exp())).log()
    both = torch.cat([shared, shared])
    return (
        torch.where(both, mean_of_both.repeat(2, 1), mean),
        torch.where(both, log_of_both.repeat(2, 1), log_variance),
        shared,
    )
