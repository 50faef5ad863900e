"""A model in training on random images, round by round, without a folder."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import torch

from disentangle_eval.api import ImageShape, Round
from disentangle_eval.data.dataset import ImageDataset
from disentangle_eval.data.images import ByteImages
from disentangle_eval.testing.candidate import Candidate
from disentangle_eval.train.iteration import play
from disentangle_eval.train.players import build_players
from disentangle_eval.train.step import TrainingStep

EPOCH = 3
CPU = torch.device("cpu")


class Trial:
    """A fresh model with its players, rounds and step; everything follows from the seed."""

    def __init__(self, candidate: Candidate, seed: int) -> None:
        self.model = candidate.model(seed)
        self.players = build_players(self.model)
        self.rounds = tuple(self.model.rounds())
        self.step = TrainingStep(training_images(candidate), candidate.settings().batch_size, seed, CPU)
        self.iteration = 0

    def due(self) -> Iterator[Round]:
        """The rounds of this iteration, in order, each as often as it repeats."""
        for round_ in self.rounds:
            if self.iteration % round_.every == 0:
                yield from [round_] * round_.repeats

    def play(self, round_: Round) -> None:
        """One loss call and its players' steps."""
        play(round_.losses(self.step), [(name, self.players[name]) for name in round_.players])

    def end_iteration(self) -> None:
        self.iteration += 1
        self.step.iteration.fill_(self.iteration)


def training_images(candidate: Candidate) -> ImageDataset:
    """So few images that a handful of iterations passes the end of an epoch."""
    return random_images(candidate.image, EPOCH * candidate.settings().batch_size, seed=0)


def random_images(shape: ImageShape, n: int, seed: int) -> ImageDataset:
    """`n` images of noise, each of its own brightness."""
    generator = torch.Generator().manual_seed(seed)
    brightness = torch.rand((n, 1, 1, 1), generator=generator)
    pixels = (256 * brightness * torch.rand((n, *shape), generator=generator)).to(torch.uint8)
    checksum = hashlib.sha256(pixels.numpy().tobytes()).hexdigest()
    return ImageDataset("random@check", checksum, ByteImages(pixels))
