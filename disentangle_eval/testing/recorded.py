"""Records of the inputs of a loss and its networks' outputs, so that a test can compute the loss by its formula."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from disentangle_eval.runtime.draws import GeneratorDraw


class RecordedStep:
    """A `Step` on the CPU that keeps copies of what it returns; another one of the same seed returns the same.

    `handed[kind]` lists these copies in order, `kind` being `"normal"`, `"uniform"`, `"integers"`,
    `"permutation"` or `"images"`. Images are noise in [0, 1], of shape (batch, C, H, W) where `image` is (C, H, W),
    in steps of 0.1 so that black and white occur. They are of ten classes and have two factors. The training
    set has `data_size` images, ten batches unless given.
    """

    def __init__(
        self,
        batch: int,
        image: tuple[int, int, int],
        *,
        seed: int = 0,
        iteration: int = 0,
        data_size: int | None = None,
    ) -> None:
        self.batch = batch
        self.image = image
        self.iteration = torch.tensor(iteration)
        self.data_size = 10 * batch if data_size is None else data_size
        self.handed: dict[str, list[Tensor]] = {
            kind: [] for kind in ("normal", "uniform", "integers", "permutation", "images")
        }
        self._draw = GeneratorDraw(seed)
        self._batches = 0

    def normal(self, *shape: int) -> Tensor:
        return self._keep("normal", self._draw.normal(*shape))

    def uniform(self, *shape: int) -> Tensor:
        return self._keep("uniform", self._draw.uniform(*shape))

    def integers(self, high: int, *shape: int) -> Tensor:
        return self._keep("integers", self._draw.integers(high, *shape))

    def permutation(self, n: int, columns: int) -> Tensor:
        return self._keep("permutation", self._draw.permutation(n, columns))

    def images(self) -> Tensor:
        self._batches += 1
        return self._keep("images", self._draw.uniform(self.batch, *self.image).round(decimals=1))

    def pairs(self, factors: int | None) -> tuple[Tensor, Tensor]:
        """Two batches of noise, which share no factor: a loss does not see which are shared."""
        return self.images(), self.images()

    @property
    def index(self) -> Tensor:
        return (torch.arange(self.batch) + self.batch * (self._batches - 1)) % self.data_size

    @property
    def labels(self) -> Tensor:
        return self.index % 10

    @property
    def factors(self) -> Tensor:
        return torch.stack([self.index % 3, self.index // 3], dim=1)

    def _keep(self, kind: str, value: Tensor) -> Tensor:
        self.handed[kind].append(value.clone())
        return value


def record_calls(model: nn.Module, names: Iterable[str]) -> dict[str, list[tuple[Any, ...]]]:
    """Record, from now on, the inputs and outputs of the named networks of a model.

    `calls[name]` lists the calls of that network in order, each as its positional inputs followed by its output: the
    tensors themselves with their graphs, not copies. Names are those of `nn.Module.named_modules`; another one raises
    `AttributeError`.
    """
    calls: dict[str, list[tuple[Any, ...]]] = {name: [] for name in names}
    for name, kept in calls.items():

        def keep(module: nn.Module, inputs: tuple[Any, ...], output: Any, kept: list[Any] = kept) -> None:
            kept.append((*inputs, output))

        model.get_submodule(name).register_forward_hook(keep)
    return calls
