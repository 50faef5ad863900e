"""A model and a data set that offer everything a metric may need."""

import numpy as np
import torch
from image_generators import SIZE
from torch import nn
from torch.distributions import Normal

from disentangle_eval import latents
from disentangle_eval.api import ImageShape
from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.latents import Categorical, Continuous

SPACE = FactorSpace(("a", "b", "one", "c"), (4, 3, 1, 5))


class CompleteData:
    """Grey images of which the first three pixels hold the factors that vary; `labels` are the classes of `a`."""

    name, sha256, shape, factors = "complete", "0" * 64, ImageShape(1, SIZE, SIZE), SPACE
    labels = SPACE.classes(np.arange(len(SPACE)))[:, 0]

    def __len__(self) -> int:
        return len(SPACE)

    def images(self, index: torch.Tensor) -> torch.Tensor:
        images = torch.full((len(index), *self.shape), 0.5, device=index.device)
        images[:, 0, 0, :4] = torch.from_numpy(SPACE.classes(index.cpu().numpy())).to(index.device) / 5
        return images


class CompleteModel(nn.Module):
    """Its code is `b` and `c`, noisy, and the class of `a`; its latent is another, of two dimensions."""

    code = (Continuous(), Continuous(), Categorical(4))
    prior = latents.Prior((latents.Normal(2),))

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.weight = nn.Parameter(torch.randn(2, 4, generator=generator))

    def _factors(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, 0, 0, :4] * 5

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        a, b, _, c = self._factors(x).T
        noise = torch.sin(10 * (a + 5 * b + 17 * c))
        return torch.stack([b + 0.5 * noise, c - noise, a.round()], dim=1)

    def posterior(self, x: torch.Tensor) -> Normal:
        mean = self.encode(x)[:, :2]
        return Normal(mean, torch.full_like(mean, 0.3))

    def class_probabilities(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        a = self._factors(x)[:, :1]
        return (torch.softmax(-(a - torch.arange(4, device=a.device)).square(), dim=1),)

    def generate(self, z: torch.Tensor, draw: object = None) -> torch.Tensor:
        images = torch.full((len(z), 1, SIZE, SIZE), 0.5, device=z.device)
        images[:, 0, 0, :4] = torch.sigmoid(z @ self.weight)
        return images

    def reconstruct(self, x: torch.Tensor) -> torch.Tensor:
        return 0.5 * x

    def log_likelihood(self, x: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        return Normal(self.generate(z), 1.0).log_prob(x).flatten(1).sum(dim=1)

    def lower_bound(self, z: torch.Tensor, draw: object, iteration: int | None = None) -> torch.Tensor:
        return 0.5 * z.square()

    def rate(self, z: torch.Tensor) -> torch.Tensor:
        return z.square()
