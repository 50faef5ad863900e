"""Models of which everything is known in closed form."""

import math

import torch
from torch import nn
from torch.distributions import Normal

from disentangle_eval import latents
from disentangle_eval.api import ImageShape
from disentangle_eval.latents import continuous


class VectorData:
    """A data set whose images are the rows of a matrix (N, P)."""

    name = "vectors"
    sha256 = "0" * 64
    factors = None

    def __init__(self, rows: torch.Tensor) -> None:
        self.rows = rows

    @property
    def shape(self) -> ImageShape:
        return ImageShape(1, 1, self.rows.shape[1])

    def __len__(self) -> int:
        return len(self.rows)

    def images(self, index: torch.Tensor) -> torch.Tensor:
        return self.rows[index][:, None, None, :]


class LinearGaussian(nn.Module):
    """p(z) = N(0, I), p(x|z) = N(W z, noise^2 I) and a posterior N(V x, diag spread^2); W (P, Z), V (Z, P).

    `log_marginal` is log p(x). Where the columns of W are orthogonal, `exact` has the true posterior.
    """

    def __init__(self, weight: torch.Tensor, noise: float, reader: torch.Tensor, spread: torch.Tensor) -> None:
        super().__init__()
        self.code = continuous(weight.shape[1])
        self.prior = latents.Prior((latents.Normal(weight.shape[1]),))
        self.weight, self.noise, self.reader, self.spread = weight, noise, reader, spread
        self.dropout = nn.Dropout()
        self.decoded = 0

    @classmethod
    def exact(cls, weight: torch.Tensor, noise: float) -> "LinearGaussian":
        precision = (weight.T @ weight).diagonal() / noise**2 + 1
        return cls(weight, noise, weight.T / noise**2 / precision[:, None], precision.rsqrt())

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        return x.flatten(1) @ self.reader.T

    def posterior(self, x: torch.Tensor) -> Normal:
        assert not self.dropout.training
        mean = self.encode(x)
        return Normal(mean, self.spread.expand_as(mean))

    def generate(self, z: torch.Tensor, draw: object = None) -> torch.Tensor:
        return (z @ self.weight.T)[:, None, None, :]

    def log_likelihood(self, x: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        assert not self.dropout.training
        assert not torch.is_grad_enabled()
        self.decoded = max(self.decoded, len(z))
        return Normal(self.generate(z), self.noise).log_prob(x).flatten(1).sum(dim=1)

    def log_marginal(self, x: torch.Tensor) -> torch.Tensor:
        """Rows (N, P) -> (N,) nats."""
        weight, x = self.weight.double(), x.double()
        covariance = weight @ weight.T + self.noise**2 * torch.eye(len(weight), dtype=torch.float64)
        return torch.distributions.MultivariateNormal(torch.zeros_like(x[0]), covariance).log_prob(x)


def orthogonal(pixels: int, scales: list[float]) -> torch.Tensor:
    """A weight (P, Z) of orthogonal columns with these lengths."""
    torch.manual_seed(0)
    return torch.linalg.qr(torch.randn(pixels, len(scales)))[0] * torch.tensor(scales) * math.sqrt(pixels)
