"""Images of a data set that a seed chooses, with their codes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from disentangle_eval.api import Classifier, Dataset, Encoder, Posterior
from disentangle_eval.latents import Categorical, CodeDimension, Normal, OneHot, Part, Prior
from disentangle_eval.runtime.draws import GeneratorDraw, stream_seed
from disentangle_eval.runtime.evaluating import evaluating

BATCH = 64


def chosen_indices(data: Dataset, n: int, seed: int) -> np.ndarray:
    """`n` different images, or all if there are fewer, as indices (n,) in ascending order."""
    random = np.random.default_rng(stream_seed(seed, "coded images"))
    return np.sort(random.choice(len(data), size=min(n, len(data)), replace=False))


def images_at(data: Dataset, index: np.ndarray) -> Tensor:
    """(n, C, H, W) in [0, 1] on the CPU."""
    return torch.cat([images.cpu() for images in _batches(data, index)])


def codes_of(model: Encoder, data: Dataset, index: np.ndarray, device: torch.device) -> np.ndarray:
    """The codes (n, K) of the images of `index`."""
    with evaluating(model):
        parts = [model.encode(images.to(device)).cpu() for images in _batches(data, index)]
    return torch.cat(parts).numpy()


def probabilities_of(
    model: Classifier, data: Dataset, index: np.ndarray, number: int, device: torch.device
) -> np.ndarray:
    """q(c|x) of the `number`-th categorical dimension of the code, (n, classes), of the images of `index`."""
    with evaluating(model):
        parts = [model.class_probabilities(images.to(device))[number].cpu() for images in _batches(data, index)]
    return torch.cat(parts).numpy()


def posterior_draws(model: Posterior, data: Dataset, index: np.ndarray, seed: int, device: torch.device) -> np.ndarray:
    """One draw (n, Z) of q(z|x) for each of the images of `index`: draws of the aggregate posterior q(z).

    `UsageError` for a posterior that is no diagonal normal distribution.
    """
    from disentangle_eval.metrics.toolbox.posteriors import diagonal_normal, posterior_of

    draw = GeneratorDraw(stream_seed(seed, "aggregate posterior"))
    parts = []
    with evaluating(model):
        for images in _batches(data, index):
            q = diagonal_normal(posterior_of(model, images.to(device)), type(model).__name__)
            mean, deviation = q.mean.cpu(), q.stddev.cpu()
            parts.append(mean + deviation * draw.normal(*mean.shape))
    return torch.cat(parts).numpy()


def _batches(data: Dataset, index: np.ndarray) -> Iterator[Tensor]:
    """The images of `index` in order, at most `BATCH` at a time, (B, C, H, W)."""
    for chunk in np.array_split(index, -(-len(index) // BATCH)):
        yield data.images(torch.from_numpy(chunk))


def priors_of(model: Any, code: tuple[CodeDimension, ...]) -> list[Part | None]:
    """The prior of each column of a code, None where it is not known.

    That of the generator's input where the columns are its first parts, one column per categorical part; else standard
    normal for a model with a posterior.
    """
    prior = getattr(model, "prior", None)
    parts: list[Part] = []
    for part in prior.parts if isinstance(prior, Prior) else ():
        parts += [part] if isinstance(part, OneHot) else [part] * part.dim
    first = parts[: len(code)]
    same = [isinstance(part, OneHot) == isinstance(kind, Categorical) for part, kind in zip(first, code, strict=False)]
    if len(first) == len(code) and all(same):
        return list(first)
    known = Normal(1) if isinstance(model, Posterior) else None
    return [None if isinstance(kind, Categorical) else known for kind in code]
