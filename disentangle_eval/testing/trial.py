"""A candidate in training on random images."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import torch

from disentangle_eval.api import ImageShape, Round
from disentangle_eval.data.dataset import ImageDataset
from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.data.images import ByteImages
from disentangle_eval.testing.candidate import Candidate
from disentangle_eval.training.graph import NewGraph
from disentangle_eval.training.iteration import due, play
from disentangle_eval.training.training import Training

EPOCH = 3
CPU = torch.device("cpu")


class Trial(Training):
    """A fresh model of a candidate in training on the CPU, which checks can also play round by round."""

    def __init__(self, candidate: Candidate, seed: int, new_graph: NewGraph | None = None) -> None:
        data, cfg = training_images(candidate), candidate.settings()
        super().__init__(candidate.model(seed), data, cfg, seed, CPU, new_graph=new_graph)

    def due(self) -> tuple[Round, ...]:
        """The rounds of this iteration in order, each repeated as often as it says."""
        return due(self.rounds, self.iteration)

    def play(self, round_: Round) -> None:
        """Take one round's losses, gradients and steps."""
        play(round_.losses(self.step), [(name, self.players[name]) for name in round_.players])

    def end_iteration(self) -> None:
        """Count an iteration whose rounds were played one by one."""
        self.iteration += 1
        self.step.iteration.fill_(self.iteration)


def training_images(candidate: Candidate) -> ImageDataset:
    """So few images that a handful of iterations passes the end of an epoch; with labels and two factors."""
    batch = candidate.settings().batch_size
    images = random_images(candidate.image, EPOCH * batch, seed=0)
    factors = FactorSpace(("row", "column"), (EPOCH, batch))
    return replace(images, factors=factors, labels=np.arange(EPOCH * batch) % batch)


def random_images(shape: ImageShape, n: int, seed: int) -> ImageDataset:
    """`n` images of noise, each of its own brightness."""
    generator = torch.Generator().manual_seed(seed)
    brightness = torch.rand((n, 1, 1, 1), generator=generator)
    pixels = (256 * brightness * torch.rand((n, *shape), generator=generator)).to(torch.uint8)
    checksum = hashlib.sha256(pixels.numpy().tobytes()).hexdigest()
    return ImageDataset("random@check", checksum, ByteImages(pixels))
