"""The aggregate posterior q(z), the mean of q(z|x) over images, and its marginals, without any approximation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from disentangle_eval.errors import DevalError
from disentangle_eval.metrics.toolbox.encoding import batch_size_on
from disentangle_eval.metrics.toolbox.posteriors import PosteriorTable
from disentangle_eval.runtime.draws import GeneratorDraw, stream_seed
from disentangle_eval.runtime.progress import counted

# Pairs of a sample and an image taken at once: on a CPU what stays in the cache.
CPU_PAIRS = 2**16
ACCELERATOR_PAIRS = 2**26
CPU_IMAGES = 2**12
ACCELERATOR_IMAGES = 2**16

_LOG_2 = math.log(2)
# A sample's own image is never that far below 1, so what is below it is nothing; on a CPU it is also slow.
_NOTHING = -120.0


@dataclass(frozen=True)
class AggregateSample:
    """Samples z (S, Z) of q(z), and the rows (S,) int64 of the posteriors they were drawn from."""

    z: Tensor
    rows: Tensor


@dataclass(frozen=True)
class AggregateDensity:
    """log q(z) of S samples, (S,), and log q(z_j) of each of their dimensions, (S, Z): nats, float64."""

    joint: Tensor
    marginals: Tensor

    @property
    def total_correlation(self) -> Tensor:
        """log q(z) - sum_j log q(z_j), (S,), whose mean is the total correlation."""
        return self.joint - self.marginals.sum(dim=1)


def sample_aggregate(table: PosteriorTable, samples: int, seed: int) -> AggregateSample:
    """Samples of q(z), each from another image for as long as there are enough of them."""
    chosen = np.random.default_rng(seed).choice(len(table), samples, replace=samples > len(table))
    rows = torch.from_numpy(chosen).to(table.device)
    draw = GeneratorDraw(stream_seed(seed, "aggregate posterior"), table.device)
    return AggregateSample(table[rows].sample(draw), rows)


def aggregate_density(z: Tensor, table: PosteriorTable) -> AggregateDensity:
    """log q(z) = log (1/N) sum_n q(z|x_n) over all N posteriors, and each dimension's, at z (S, Z) drawn from them.

    Samples of other posteriors may be where q(z) has no density in float32. The work is S N Z exponentials, in memory
    that does not depend on S or N. DevalError where the sum is not finite.
    """
    columns = batch_size_on(table.device, CPU_IMAGES, ACCELERATOR_IMAGES)
    rows = batch_size_on(table.device, CPU_PAIRS, ACCELERATOR_PAIRS) // columns
    # Everything is in bits: the exponential of torch on a CPU is several times slower than its power of two.
    peak = (-0.5 * table.log_variance - 0.5 * math.log(2 * math.pi)).T.contiguous() / _LOG_2
    width = (-0.5 * table.log_variance).exp().T.contiguous() * math.sqrt(0.5 / _LOG_2)
    mean = table.mean.T.contiguous()
    joint = torch.full((len(z),), -math.inf, dtype=torch.float64, device=z.device)
    marginals = torch.zeros(z.shape, dtype=torch.float64, device=z.device)
    starts = range(0, len(table), columns)
    for start in counted(starts, "densities of samples, blocks of posteriors", len(starts)):
        block = slice(start, start + columns)
        for first in range(0, len(z), rows):
            some = slice(first, first + rows)
            log_q = torch.zeros(len(z[some]), mean[:, block].shape[1], device=z.device)
            for j in range(z.shape[1]):
                distance = (z[some, j, None] - mean[j, block]).mul_(width[j, block])
                log_q_j = torch.addcmul(peak[j, block], distance, distance, value=-1)
                log_q += log_q_j
                marginals[some, j] += log_q_j.clamp_(min=_NOTHING).exp2_().sum(dim=1)
            joint[some] = torch.logaddexp2(joint[some], _log2_sum(log_q))
    density = AggregateDensity(
        joint=joint * _LOG_2 - math.log(len(table)), marginals=marginals.log() - math.log(len(table))
    )
    if not bool(density.total_correlation.isfinite().all()):
        raise DevalError(
            "posterior",
            received="densities that are not finite in float32",
            expected="variances of a usual size",
            advice="score an earlier checkpoint of the run",
        )
    return density


def _log2_sum(log_terms: Tensor) -> Tensor:
    """log2 sum_n 2^terms of each row, (S, N) -> (S,) float64; overwrites its argument."""
    most = log_terms.amax(dim=1, keepdim=True)
    return log_terms.sub_(most).clamp_(min=_NOTHING).exp2_().sum(dim=1).double().log2() + most[:, 0].double()
