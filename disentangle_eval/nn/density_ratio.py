"""The ratio of two densities, estimated by a classifier of samples of the one from samples of the other.

Class 0 is "drawn from the aggregate posterior q(z)", class 1 "drawn from the other distribution".
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import softplus

from disentangle_eval.api import Draw


def permute_dimensions(z: Tensor, draw: Draw) -> Tensor:
    """(B, Z) with each column in an order of its own: samples of prod_j q(z_j) from samples of q(z)."""
    return z.gather(0, draw.permutation(*z.shape))


def log_ratio(logits: Tensor) -> Tensor:
    """Two logits (B, 2) -> the estimate of log q(z) - log other(z), (B,) nats."""
    return logits[:, 0] - logits[:, 1]


def classification_loss(from_posterior: Tensor, from_other: Tensor) -> Tensor:
    """The mean of the two classes' cross-entropies, from the log ratios (B,) of each class's latents, nats."""
    return 0.5 * (softplus(-from_posterior).mean() + softplus(from_other).mean())


def accuracy(of_first: Tensor, of_second: Tensor) -> Tensor:
    """The mean over two classes of the share of logits (the log ratio of the first to the second) of the right sign."""
    return 0.5 * ((of_first > 0).float().mean() + (of_second < 0).float().mean())
