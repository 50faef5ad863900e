"""The lower bound on the information between noise and image; the upper one is `gaussians.kl_to_standard`."""

from __future__ import annotations

from torch import Tensor


def lower_bound(z: Tensor, z_mean: Tensor) -> Tensor:
    """I_L = E[log q(z|x) - log p(z)] for q = N(z_mean, I) and p = N(0, I), in nats (equations 4-11)."""
    return lower_bound_by_dimension(z, z_mean).sum(dim=1).mean()


def lower_bound_by_dimension(z: Tensor, z_mean: Tensor) -> Tensor:
    """The integrand of I_L per dimension, (B, Z) nats."""
    return 0.5 * (z.square() - (z - z_mean).square())
