"""How far a model's reconstructions are from its images: squared error and Bernoulli cross-entropy."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Normal

from disentangle_eval.api import Dataset, Metric, Reconstructor, Scores, Subject
from disentangle_eval.api.abilities import AnyModel
from disentangle_eval.errors import DevalError
from disentangle_eval.metrics.images.config import ReconstructionConfig
from disentangle_eval.metrics.toolbox.encoding import device_of, image_batches
from disentangle_eval.metrics.toolbox.faulty_outputs import faulty_output
from disentangle_eval.metrics.toolbox.posteriors import base_of, posterior_of
from disentangle_eval.metrics.toolbox.samples import random_images
from disentangle_eval.runtime.draws import GeneratorDraw, stream_seed
from disentangle_eval.runtime.evaluating import evaluating

# Float32 has no number between 1 and 1 - 2^-24, so nothing nearer to certainty is distinguished at either end.
LEAST_PROBABILITY = 2.0**-24


class ReconstructionMetric(Metric[ReconstructionConfig]):
    """Scores 0 for a model that returns its images; `chance` for one that returns their mean whatever it is shown.

    Values: `mean_squared_error` per pixel and channel; `cross_entropy`, nats per image, summed over pixels and
    channels, with probabilities kept 2^-24 from 0 and 1; `mean_squared_error_standard_error` and
    `cross_entropy_standard_error`, the standard errors of these means over images; `cross_entropy_chance`, the mean
    image's; `cross_entropy_floor`, that of a perfect reconstruction, 0 for binary images; `negative_log_likelihood`,
    E_q(z|x)[-log p(x|z)], nats per image, from one sample of the posterior per image, and its `_standard_error` over
    images, both None for a model without a normal posterior and a likelihood; `num_images`, how many were
    reconstructed.

    DevalError for reconstructions of another shape, or that are not in [0, 1].
    """

    def score(self, subject: Subject, seed: int) -> Scores:
        data, model = subject.data, subject.model
        index = random_images(len(data), self.cfg.num_images, seed)
        measured, mean_image = _measured(model, data, index)
        mean_squared_error, cross_entropy, power, floor = measured.mean(axis=0)
        likelihood = {"posterior", "likelihood"} <= subject.offered
        expected = _negative_log_likelihoods(model, data, index, seed) if likelihood else None
        stderr = measured.std(axis=0, ddof=1) / np.sqrt(len(index))
        p = mean_image.clip(LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
        values = {
            "mean_squared_error": float(mean_squared_error),
            "mean_squared_error_standard_error": float(stderr[0]),
            "cross_entropy": float(cross_entropy),
            "cross_entropy_standard_error": float(stderr[1]),
            "cross_entropy_chance": float(-(mean_image * np.log(p) + (1 - mean_image) * np.log1p(-p)).sum()),
            "cross_entropy_floor": float(floor),
            "negative_log_likelihood": None if expected is None else float(expected.mean()),
            "negative_log_likelihood_standard_error": (
                None if expected is None else float(expected.std(ddof=1) / np.sqrt(len(index)))
            ),
            "num_images": len(index),
        }
        chance = max(0.0, float(power - np.square(mean_image).mean()))
        return Scores(values, chance=chance, counts={"num_images": len(index)})


def squared_error(x: Tensor, reconstruction: Tensor) -> Tensor:
    """Two times (B, C, H, W) -> (B,): the mean squared difference over channels and pixels."""
    return (x - reconstruction).square().flatten(1).mean(dim=1)


def bernoulli_cross_entropy(x: Tensor, p: Tensor) -> Tensor:
    """Images and probabilities (B, C, H, W) -> (B,) nats: -sum [x log p + (1 - x) log(1 - p)], p kept from 0 and 1."""
    p = p.clamp(LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
    return -(x * p.log() + (1 - x) * torch.log1p(-p)).flatten(1).sum(dim=1)


def _measured(model: Reconstructor, data: Dataset, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each image (N, 4): both errors, the mean of x^2 and the cross-entropy of x by x. And the mean image (C H W).

    Float64.
    """
    rows = []
    total = np.zeros(int(np.prod(data.shape)))
    with evaluating(model):
        for _, images in image_batches(model, data, index):
            reconstruction = model.reconstruct(images).float()
            _check(type(model).__name__, reconstruction, images)
            columns = [
                squared_error(images, reconstruction),
                bernoulli_cross_entropy(images, reconstruction),
                squared_error(images, torch.zeros_like(images)),
                bernoulli_cross_entropy(images, images),
            ]
            rows.append(torch.stack(columns, dim=1).cpu().double().numpy())
            total += images.flatten(1).sum(dim=0).cpu().double().numpy()
    return np.concatenate(rows), total / len(index)


def _negative_log_likelihoods(model: AnyModel, data: Dataset, index: np.ndarray, seed: int) -> np.ndarray | None:
    """-log p(x|z) of each image at one sample z of its posterior, (N,) float64 nats; None for no normal posterior."""
    draw = GeneratorDraw(stream_seed(seed, "reconstruction"), device_of(model))
    found = []
    with evaluating(model):
        for _, images in image_batches(model, data, index):
            base = base_of(posterior_of(model, images))
            if not isinstance(base, Normal):
                return None
            z = base.mean + base.stddev * draw.normal(*base.mean.shape)
            found.append(-model.log_likelihood(images, z).double())
    nats: np.ndarray = torch.cat(found).cpu().numpy()
    if not np.isfinite(nats).all():
        raise faulty_output(model, "log_likelihood", received="NaN or infinity", expected="finite numbers")
    return nats


def _check(name: str, reconstruction: Tensor, images: Tensor) -> None:
    if reconstruction.shape != images.shape:
        received, expected = tuple(reconstruction.shape), tuple(images.shape)
        raise DevalError(f"{name}.reconstruct", received=f"images of shape {received}", expected=str(expected))
    low, high = torch.stack([reconstruction.min(), reconstruction.max()]).tolist()
    if not (0 <= low <= high <= 1):
        raise DevalError(
            f"{name}.reconstruct", received=f"numbers from {low:g} to {high:g}", expected="numbers in [0, 1]"
        )
