"""What a round of training receives: images, randomness and the iteration counter."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from disentangle_eval.api import Dataset, Nuisance
from disentangle_eval.data.dataset import gathered_apart, images_ahead
from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.runtime.draws import GeneratorDraw, stream_seed
from disentangle_eval.training.batch_queue import BatchQueue
from disentangle_eval.training.known import Known
from disentangle_eval.training.sampler import EpochSampler


class TrainingStep(GeneratorDraw):
    """`disentangle_eval.api.Step` over a data set on a device, with all randomness from one seed."""

    def __init__(self, data: Dataset, batch: int, seed: int, device: torch.device) -> None:
        super().__init__(stream_seed(seed, "draws"), device)
        self.nuisance = data if isinstance(data, Nuisance) else None
        self.data = data if self.nuisance is not None else gathered_apart(data)
        self.batch = batch
        part = getattr(data, "training_part", None)
        self.data_size = len(data if part is None else part)
        self.iteration = torch.zeros((), dtype=torch.int64, device=device)
        self.host = images_ahead(self.data) if self.nuisance is None else None
        order_on = torch.device("cpu") if self.host is not None else device
        self.sampler = EpochSampler(self.data_size, batch, stream_seed(seed, "order"), order_on, part)
        self.queue: BatchQueue | None = None
        self.known = Known(data, order_on)
        self._index: Tensor | None = None

    def images(self) -> Tensor:
        self._index = (self.queue or self.sampler).next()
        images = self._observed(self._index)
        if self.host is not None:
            self.host.prefetch(self.sampler.peek())
        return images

    def pairs(self, factors: int | None) -> tuple[Tensor, Tensor]:
        first = self.images()
        return first, self._observed(self.known.partners(self.index, factors, self))

    @property
    def index(self) -> Tensor:
        if self._index is None:
            raise DevalError("step.index", received="no images yet", expected="step.images() before it")
        return self._index

    @property
    def labels(self) -> Tensor:
        return self.known.labels[self.index].to(self.device)

    @property
    def factors(self) -> Tensor:
        return self.known.classes[self.index].to(self.device)

    def _observed(self, index: Tensor) -> Tensor:
        images = self.data.images(index) if self.nuisance is None else self.nuisance.observe(index, self)
        return images.contiguous(memory_format=torch.channels_last)

    def renew_generator(self) -> None:
        """Go on with another generator in the same state; the old one may be bound to a capture that failed."""
        state = self.generator.get_state()
        self.generator = torch.Generator(self.device)
        self.generator.set_state(state)

    def close(self) -> None:
        """End the thread that gathers images ahead; the next batch starts it again."""
        if self.host is not None:
            self.host.close()

    def state(self) -> dict[str, Any]:
        return {"generator": self.generator.get_state(), "batches": self.sampler.drawn}

    def restore(self, state: dict[str, Any], iteration: int) -> None:
        if state["generator"].shape != self.generator.get_state().shape:
            raise UsageError(
                f"--resume: the run's random numbers come from another kind of device than {self.device.type!r}",
                advice="give the --device it was trained on, or start a new run in another --out",
            )
        self.generator.set_state(state["generator"])
        self.sampler.drawn = state["batches"]
        self.iteration.fill_(iteration)
