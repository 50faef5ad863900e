"""The terms of a model's losses on images that training does not see."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from disentangle_eval.api import Dataset
from disentangle_eval.data.training_part import KeptImages, seen_in_training
from disentangle_eval.errors import UsageError
from disentangle_eval.runtime.draws import stream_seed
from disentangle_eval.runtime.evaluating import evaluating
from disentangle_eval.training.iteration import VALIDATION, Terms, in_phase, logged_terms
from disentangle_eval.training.step import TrainingStep
from disentangle_eval.training.training import Training
from disentangle_eval.training.window import Window

# The held-back images are the same in every run, whatever its seed.
RULE_SEED = 0


def hold_back(data: Dataset, images: int) -> tuple[Dataset, Dataset]:
    """The data set as training sees it without `images` of its images, and as validation sees it, with them alone.

    They are the first of a permutation of the images that training would see, by torch's generator on the CPU with the
    seed 0. Metrics see all images as before. UsageError where none would be left, and for a data set whose images are
    drawn unequally often.
    """
    part = getattr(data, "training_part", None)
    if part is not None and not isinstance(part, KeptImages):
        raise UsageError(
            "--validation",
            received=f"{images} of images drawn unequally often",
            expected="a data set without correlate",
        )
    index = torch.arange(len(data)) if part is None else part.index
    if not 0 < images < len(index):
        raise UsageError("--validation", received=images, expected=f"fewer than the {len(index):,} images of training")
    order = torch.randperm(len(index), generator=torch.Generator().manual_seed(RULE_SEED))
    kept, held = (index[rows.sort().values] for rows in (order[images:], order[:images]))
    return seen_in_training(data, KeptImages(kept)), seen_in_training(data, KeptImages(held))


class Validation:
    """The mean of each logged term over batches of held-back images, as `validation_NAME`.

    Each call computes the rounds of the phase that training is in, once per batch of the training's size, in eval mode
    and with the same images, order and random numbers. Images that fill no batch are left out. Nothing of the training
    moves: buffers that a loss changes are put back. UsageError where the images are fewer than a batch.
    """

    def __init__(self, training: Training, held: Dataset) -> None:
        self.training = training
        self.held = held
        part: Any = getattr(held, "training_part", None)
        if len(part) < training.cfg.batch_size:
            raise UsageError(
                "--validation", received=len(part), expected=f"at least a batch of {training.cfg.batch_size} images"
            )
        self.batches = len(part) // training.cfg.batch_size

    def means(self) -> dict[str, float | list[float]]:
        """The terms of the model as it is, read from the device."""
        training = self.training
        step = TrainingStep(
            self.held, training.cfg.batch_size, stream_seed(training.seed, "validation"), training.device
        )
        # The counter that the last iteration had, for weights that depend on it.
        iteration = max(0, training.iteration - 1)
        step.iteration.fill_(iteration)
        rounds = [round_ for round_ in training.rounds if in_phase(round_, iteration)]
        buffers: dict[str, Tensor] = {name: value.clone() for name, value in training.model.named_buffers()}
        window = Window()
        try:
            with evaluating(training.model), torch.enable_grad():
                for _ in range(self.batches):
                    terms: Terms = {}
                    for round_ in rounds:
                        terms |= logged_terms(round_.losses(step))
                    window.add(terms)
        finally:
            step.close()
            with torch.no_grad():
                for name, value in training.model.named_buffers():
                    value.copy_(buffers[name])
        return {f"{VALIDATION}{name}": mean for name, mean in window.means().items()}
