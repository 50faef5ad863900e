"""A model that paints its code, so that a picture says which code it shows."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from disentangle_eval.api import Draw, Traversal
from disentangle_eval.latents import Categorical, Continuous, Normal, Prior

RATES = (0.25, 2.0, 0.0, 1.5)
SPREADS = (0.5, 1.0, 1.0, 1.0)
CLASSES = 3


class Painter(nn.Module):
    """Row k of its (1, 4, 4) images is `0.5 + 0.1 * code[k]`; dimension 3 is one of three classes."""

    prior = Prior((Normal(4),))

    def __init__(self) -> None:
        super().__init__()
        self.dropout = nn.Dropout(0.5)
        self.modes: list[bool] = []

    def generate(self, z: Tensor, draw: Draw | None = None) -> Tensor:
        self.modes.append(self.training or torch.is_grad_enabled())
        return self.dropout((0.5 + 0.1 * z)[:, None, :, None].expand(-1, 1, -1, 4))

    def reconstruct(self, x: Tensor) -> Tensor:
        return 1 - x

    def origin(self, draw: Draw, n: int) -> Tensor:
        return torch.cat([draw.normal(n, 3), draw.integers(CLASSES, n, 1).float()], dim=1)

    def traversal(self, draw: Draw) -> Traversal:
        return Traversal(
            code=(Continuous(), Continuous(), Continuous(), Categorical(CLASSES)),
            spread=torch.tensor(SPREADS),
            rate=torch.tensor(RATES),
            origin=self.origin,
            render=self.generate,
        )


@pytest.fixture
def painter() -> Painter:
    return Painter()


@pytest.fixture
def cpu() -> torch.device:
    return torch.device("cpu")
