"""The total correlation that a classifier finds (Kim & Mnih, 2018, "Disentangling by Factorising", equation 3)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from disentangle_eval.api import Draw
from disentangle_eval.metrics.toolbox.posteriors import PosteriorTable
from disentangle_eval.nn.density_ratio import permute_dimensions
from disentangle_eval.runtime.draws import GeneratorDraw, seeded_construction, stream_seed
from disentangle_eval.runtime.optimisers import without_compiler
from disentangle_eval.runtime.progress import counted

SLOPE = 0.2


@dataclass(frozen=True)
class DensityRatio:
    """T, the log q(z) - log prod_j q(z_j) of the classifier, (S,) nats each, at samples of q(z) and of the product."""

    of_joint: Tensor
    of_product: Tensor

    @property
    def plug_in(self) -> float:
        """E_q[T], nats: the total correlation if T were the true log ratio, and no bound otherwise."""
        return float(self.of_joint.mean())

    @property
    def donsker_varadhan(self) -> float:
        """E_q[T] - log E_prod[exp T], nats, for any T at most the total correlation (Donsker & Varadhan, 1983).

        Means over samples replace the expectations, which biases it upwards: the mean of a logarithm is at most the
        logarithm of the mean.
        """
        return self.plug_in - float(self.of_product.logsumexp(dim=0) - math.log(len(self.of_product)))

    @property
    def accuracy(self) -> float:
        """The share of samples whose class the ratio's sign predicts; 0.5 is guessing."""
        right = (self.of_joint > 0).double().mean() + (self.of_product < 0).double().mean()
        return 0.5 * float(right)


def build_discriminator(latents: int, width: int, layers: int, seed: int, device: torch.device) -> nn.Sequential:
    """A classifier of z (B, Z) with one logit (B, 1), its weights from the seed.

    The difference of Kim & Mnih's two logits. The global generator is left as it was.
    """
    with seeded_construction(seed, "tc", "discriminator"):
        network: list[nn.Module] = []
        for inputs in [latents, *[width] * (layers - 1)]:
            network += [nn.Linear(inputs, width), nn.LeakyReLU(SLOPE)]
        return nn.Sequential(*network, nn.Linear(width, 1)).to(device)


def train(
    discriminator: nn.Module, table: PosteriorTable, iterations: int, batch_size: int, learning_rate: float, seed: int
) -> None:
    """Trains a classifier to distinguish fresh samples of q(z) from fresh samples of prod_j q(z_j)."""
    draw = GeneratorDraw(stream_seed(seed, "tc", "train"), table.device)
    optimiser = without_compiler(torch.optim.Adam)(discriminator.parameters(), learning_rate, fused=True)
    for _ in counted(range(iterations), "tc, iterations of the discriminator", iterations):
        optimiser.zero_grad()
        of_joint = discriminator(fresh(table, batch_size, draw))
        of_product = discriminator(permute_dimensions(fresh(table, batch_size, draw), draw))
        (softplus(-of_joint) + softplus(of_product)).mean().backward()
        optimiser.step()


def ratio(discriminator: nn.Module, table: PosteriorTable, samples: int, seed: int) -> DensityRatio:
    """The ratio at fresh samples of both distributions, float64."""
    draw = GeneratorDraw(stream_seed(seed, "tc", "evaluate"), table.device)
    with torch.no_grad():
        of_joint = discriminator(fresh(table, samples, draw))
        of_product = discriminator(permute_dimensions(fresh(table, samples, draw), draw))
    return DensityRatio(of_joint[:, 0].double(), of_product[:, 0].double())


def fresh(table: PosteriorTable, samples: int, draw: Draw) -> Tensor:
    """Samples of q(z), (S, Z), of random images."""
    return table[draw.integers(len(table), samples)].sample(draw)
