"""DIP-VAE-I and DIP-VAE-II (Kumar et al., 2018)."""

from __future__ import annotations

import torch
from torch import Tensor

from deval_vae.config import DIPVAEIConfig, DIPVAEIIConfig
from disentangle_eval.api import Losses, Step
from disentangle_eval.nn.gaussian_vae import Batch, GaussianVAE
from disentangle_eval.nn.likelihoods import BernoulliLikelihood


class DIPVAEI(BernoulliLikelihood, GaussianVAE[DIPVAEIConfig]):
    """Minimises reconstruction + KL + the distance of the covariance of the posterior means from the identity."""

    def losses(self, step: Step) -> Losses:
        batch = self.next_batch(step)
        return penalised(batch, covariance(batch.mean), self.cfg)


class DIPVAEII(BernoulliLikelihood, GaussianVAE[DIPVAEIIConfig]):
    """Minimises reconstruction + KL + the distance of the covariance of q(z) from the identity."""

    def losses(self, step: Step) -> Losses:
        batch = self.next_batch(step)
        return penalised(batch, aggregate_covariance(batch.mean, batch.log_variance), self.cfg)


def penalised(batch: Batch, matrix: Tensor, cfg: DIPVAEIConfig | DIPVAEIIConfig) -> Losses:
    """The losses of both models, which differ in the covariance matrix (Z, Z) they penalise."""
    variances = matrix.diagonal()
    off_diagonal = (matrix - torch.diag_embed(variances)).square().sum()
    diagonal = (variances - 1).square().sum()
    penalty = cfg.lambda_od * off_diagonal + cfg.lambda_d * diagonal
    return Losses(
        total={"vae": batch.reconstruction + batch.total_kl + penalty},
        terms={**batch.terms, "covariance_off_diagonal": off_diagonal, "covariance_diagonal": diagonal},
    )


def covariance(mean: Tensor) -> Tensor:
    """Cov[mean(x)] over the batch, divided by its size: (B, Z) -> (Z, Z)."""
    centred = mean - mean.mean(dim=0)
    return centred.T @ centred / mean.shape[0]


def aggregate_covariance(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Cov[z] for z from q(z|x) of a batch's images, by the law of total covariance: (B, Z) each -> (Z, Z)."""
    return torch.diag_embed(log_variance.exp()).mean(dim=0) + covariance(mean)
