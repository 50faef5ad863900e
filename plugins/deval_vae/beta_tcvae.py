"""beta-TCVAE (Chen et al., 2018)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from deval_vae.config import BetaTCVAEConfig
from disentangle_eval.api import Losses, Step
from disentangle_eval.gaussians import log_density
from disentangle_eval.nn.gaussian_vae import GaussianVAE
from disentangle_eval.nn.likelihoods import BernoulliLikelihood


class BetaTCVAE(BernoulliLikelihood, GaussianVAE[BetaTCVAEConfig]):
    """Minimises reconstruction + MI + beta TC + DWKL, written as reconstruction + KL + (beta - 1) TC.

    MI + TC + DWKL is the KL in expectation; the KL is known exactly, so only TC is estimated from the minibatch.
    """

    def losses(self, step: Step) -> Losses:
        batch = self.next_batch(step)
        posteriors = (batch.z, batch.mean, batch.log_variance)
        weights = log_weights(step.batch, step.data_size, self.cfg.stratified, batch.z.device)
        trained = decompose(*posteriors, weights)
        penalty = (self.cfg.beta - 1) * trained.total_correlation
        parts = trained if self.cfg.stratified else self._stratified(posteriors, step)
        return Losses(
            total={"vae": batch.reconstruction + batch.total_kl + penalty},
            terms={
                **batch.terms,
                "mutual_information": parts.mutual_information,
                "total_correlation": parts.total_correlation,
                "dimension_wise_kl": parts.dimension_wise_kl,
            },
        )

    @torch.no_grad()
    def _stratified(self, posteriors: tuple[Tensor, Tensor, Tensor], step: Step) -> Decomposition:
        """The parts to log: equal weights have the right gradient, but TC about (Z - 1) ln N nats above its level."""
        return decompose(*posteriors, log_weights(step.batch, step.data_size, True, posteriors[0].device))


@dataclass(frozen=True)
class Decomposition:
    """The KL of a batch in three parts, each () nats: index-code mutual information, total correlation of q(z), and
    the sum of KL(q(z_j) || p(z_j)).
    """

    mutual_information: Tensor
    total_correlation: Tensor
    dimension_wise_kl: Tensor


def decompose(z: Tensor, mean: Tensor, log_variance: Tensor, weights: Tensor) -> Decomposition:
    """From latents (B, Z) with the posteriors they were drawn from, and the logarithms of weights, (B, B).

    log q(z_i) is estimated by log sum_j exp(weights_ij) q(z_i|x_j), and likewise for each dimension.
    """
    pairwise = log_density(z[:, None], mean, log_variance)
    conditional = log_density(z, mean, log_variance).sum(dim=1)
    aggregate = (pairwise.sum(dim=2) + weights).logsumexp(dim=1)
    marginals = (pairwise + weights[:, :, None]).logsumexp(dim=1).sum(dim=1)
    prior = log_density(z, torch.zeros_like(z), torch.zeros_like(z)).sum(dim=1)
    return Decomposition(
        mutual_information=(conditional - aggregate).mean(),
        total_correlation=(aggregate - marginals).mean(),
        dimension_wise_kl=(marginals - prior).mean(),
    )


def log_weights(batch: int, data_size: int, stratified: bool, device: torch.device) -> Tensor:
    """Logarithms of the weights of q(z_i|x_j) in the estimate of q(z_i), (batch, batch).

    Equal ones are 1 / (batch data_size), the paper's minibatch-weighted sampling. Stratified ones sum to 1 in each row;
    with M = batch - 1 they are 1 / data_size for the image of z_i itself, (data_size - M) / (data_size M) for the next
    one in the batch and 1 / M for the others.
    """
    if not stratified:
        return torch.full((batch, batch), -math.log(batch * data_size), device=device)
    others = batch - 1
    own = torch.eye(batch, dtype=torch.bool, device=device)
    weights = torch.full((batch, batch), -math.log(others), device=device)
    weights = weights.masked_fill(own, -math.log(data_size))
    return weights.masked_fill(own.roll(1, dims=1), math.log((data_size - others) / (data_size * others)))
