"""A round stays on the device."""

from __future__ import annotations

import torch
from torch import Tensor

from disentangle_eval.api import ImageShape
from disentangle_eval.registry.lines import located
from disentangle_eval.testing.candidate import Candidate
from disentangle_eval.testing.checks.rounds import check_rounds
from disentangle_eval.testing.failure import ConformanceFailure
from disentangle_eval.testing.trial import EPOCH
from disentangle_eval.testing.verdict import rests_on

META = torch.device("meta")


def check_no_host_read(candidate: Candidate) -> None:
    """No round reads a number back to the host, the iteration counter included; all its tensors are on one device.

    A host read makes the device wait, and cannot be captured in a CUDA graph. To catch one without CUDA, losses and
    gradients are computed on torch's `meta` device, whose tensors have shapes and no numbers: `item()`, `float(x)`,
    `if x:`, `tolist()`, `numpy()`, `cpu()`, `torch.equal`, shapes that depend on data (`x[mask]`, `nonzero`, `unique`)
    and the argument checks of `torch.distributions` have nothing to read and raise, wherever they are called from.
    Patching methods or watching dispatched operators would miss some of these on the CPU, where `tolist` and `numpy`
    dispatch nothing, and would take torch's own checks for the plugin's. A tensor made on the CPU by mistake does not
    mix with those on `meta` and is found too. Printing a tensor is not seen.
    """
    rests_on(candidate, check_rounds)
    model = candidate.model(seed=0).to(META)
    step = ShapesOnly(candidate.settings().batch_size, candidate.image)
    try:
        players = {
            player.name: [parameter for group in player.groups for parameter in group.module.parameters()]
            for player in model.players()
        }
        for round_ in model.rounds():
            total = round_.losses(step).total
            for name in round_.players:
                torch.autograd.grad(total[name], players[name], retain_graph=True, allow_unused=True)
    except Exception as error:
        raise ConformanceFailure(
            "no_host_read",
            located(error),
            "a round that computes on the device of its inputs and reads nothing back (tried on torch's meta device, "
            "whose tensors hold no numbers)",
            "replace item(), float(x), if x, tolist(), numpy(), cpu() and x[mask] by tensor arithmetic such as "
            "torch.where; make tensors with device=x.device or register_buffer; "
            "give distributions validate_args=False",
        ) from error


class ShapesOnly:
    """`disentangle_eval.api.Step` without numbers."""

    def __init__(self, batch: int, image: ImageShape) -> None:
        self.batch = batch
        self.data_size = EPOCH * batch
        self.image = image
        self.iteration = torch.zeros((), dtype=torch.int64, device=META)

    def images(self) -> Tensor:
        images = torch.empty((self.batch, *self.image), device=META)
        return images.contiguous(memory_format=torch.channels_last)

    def pairs(self, factors: int | None) -> tuple[Tensor, Tensor]:
        return self.images(), self.images()

    @property
    def index(self) -> Tensor:
        return torch.empty(self.batch, dtype=torch.int64, device=META)

    @property
    def labels(self) -> Tensor:
        return self.index

    @property
    def factors(self) -> Tensor:
        return torch.empty((self.batch, 2), dtype=torch.int64, device=META)

    def normal(self, *shape: int) -> Tensor:
        return torch.empty(shape, device=META)

    def uniform(self, *shape: int) -> Tensor:
        return torch.empty(shape, device=META)

    def integers(self, high: int, *shape: int) -> Tensor:
        return torch.empty(shape, dtype=torch.int64, device=META)

    def permutation(self, n: int, columns: int) -> Tensor:
        return torch.empty((n, columns), dtype=torch.int64, device=META)
