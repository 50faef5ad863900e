"""A data set whose images spell out their factors, and models that read them back."""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.distributions import Normal

from disentangle_eval.api import ImageShape
from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.latents import continuous


@dataclass(frozen=True)
class GridData:
    """A data set whose every image is its own factor classes, one a pixel."""

    factors: FactorSpace
    name: str = "grid"
    sha256: str = "0" * 64

    @property
    def shape(self) -> ImageShape:
        return ImageShape(1, 1, len(self.factors.sizes))

    def __len__(self) -> int:
        return len(self.factors)

    def images(self, index: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(self.factors.classes(index.numpy())).float()[:, None, None, :]


@dataclass(eq=False)
class PixelEncoder(nn.Module):
    """Its code is the image times `scale`; `seen` holds every image it was given."""

    dim: int
    scale: float = 1.0
    seen: list[torch.Tensor] = field(default_factory=list)
    was_training: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.code = continuous(self.dim)
        self.dropout = nn.Dropout()

    def encode(self, x: torch.Tensor) -> Any:
        self.seen.append(x)
        self.was_training.append(self.training or self.dropout.training or torch.is_grad_enabled())
        return self.scale * x.flatten(1)


class PixelVAE(PixelEncoder):
    """A normal posterior around the code; the columns `collapsed` have forgotten the image."""

    collapsed: tuple[int, ...] = ()

    def encode(self, x: torch.Tensor) -> Any:
        code = super().encode(x).clone()
        code[:, list(self.collapsed)] *= 1e-3
        return code

    def posterior(self, x: torch.Tensor) -> Normal:
        mean = self.encode(x)
        spread = torch.full_like(mean, 0.1)
        spread[:, list(self.collapsed)] = 1.0
        return Normal(mean, spread)
