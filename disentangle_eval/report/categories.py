"""Real images by what a model's code says of them, and what a model draws of each category."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from disentangle_eval.api import Generator
from disentangle_eval.latents import OneHot
from disentangle_eval.report.labels import Lines, labelled_table
from disentangle_eval.runtime.draws import GeneratorDraw, stream_seed
from disentangle_eval.runtime.evaluating import evaluating


def at_random(codes: np.ndarray, column: int, classes: int, n: int, seed: int) -> list[np.ndarray]:
    """For each class of a categorical column up to `n` of its rows, chosen by the seed."""
    random = np.random.default_rng(stream_seed(seed, "images of categories"))
    rows = [np.flatnonzero(codes[:, column] == found) for found in range(classes)]
    return [random.permutation(found)[:n] for found in rows]


def along(codes: np.ndarray, column: int, classes: int, n: int, dimension: int) -> list[np.ndarray]:
    """For each class of a categorical column its rows with the lowest and the highest value of a dimension, `n` in all.

    They are sorted by that value.
    """
    chosen = []
    for found in range(classes):
        rows = np.flatnonzero(codes[:, column] == found)
        rows = rows[np.argsort(codes[rows, dimension], kind="stable")]
        chosen.append(rows if len(rows) <= n else np.concatenate([rows[: n - n // 2], rows[len(rows) - n // 2 :]]))
    return chosen


def most_probable(codes: np.ndarray, column: int, probabilities: np.ndarray, n: int) -> list[np.ndarray]:
    """For each class of a categorical column the `n` of its rows of highest probability (N, classes), highest first."""
    chosen = []
    for found in range(probabilities.shape[1]):
        rows = np.flatnonzero(codes[:, column] == found)
        chosen.append(rows[np.argsort(-probabilities[rows, found], kind="stable")[:n]])
    return chosen


def extremes(codes: np.ndarray, dimension: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """The `n` rows with the lowest value of a dimension, ascending, and the `n` with the highest, descending."""
    order = np.argsort(codes[:, dimension], kind="stable")
    return order[:n], order[::-1][:n]


def nearest(images: Tensor, codes: np.ndarray, column: int, drawn: Tensor, n: int) -> list[np.ndarray]:
    """For each category the `n` of its images (N, C, H, W) nearest to a drawn one, (classes, C, H, W), nearest first.

    The distance is Euclidean, of pixels.
    """
    chosen = []
    for found, picture in enumerate(drawn):
        rows = np.flatnonzero(codes[:, column] == found)
        distance = (images[torch.from_numpy(rows)] - picture).square().flatten(1).sum(dim=1)
        chosen.append(rows[distance.argsort(stable=True).numpy()[:n]])
    return chosen


def drawn_categories(model: Generator, number: int, n: int, seed: int, device: torch.device) -> Tensor:
    """What a model draws of each class of the `number`-th categorical part of its prior: (classes, n, C, H, W).

    Every class is drawn with the same `n` values of all other latents, which the seed chooses. On the CPU.
    """
    latents = model.prior.sample(GeneratorDraw(stream_seed(seed, "categories")), n)
    widths = [part.width for part in model.prior.parts]
    place = [position for position, part in enumerate(model.prior.parts) if isinstance(part, OneHot)][number]
    first, classes = sum(widths[:place]), widths[place]
    pictures = []
    with evaluating(model):
        for found in range(classes):
            of_class = latents.clone()
            of_class[:, first : first + classes] = torch.eye(classes)[found]
            pictures.append(model.generate(of_class.to(device)).cpu())
    return torch.stack(pictures)


def rows_picture(rows: Sequence[tuple[Lines, Tensor]]) -> np.ndarray:
    """As `labelled_table`; rows without images are left out."""
    return labelled_table([(lines, images) for lines, images in rows if len(images)])
