"""The information a discrete code has on real images, found without labels.

I = H(mean_x q(c|x)) - mean_x H(q(c|x)) = mean_x KL(q(c|x) || mean_x q(c|x)): large where a model is sure of every
image's class and uses all classes (Bridle et al., 1991, "Unsupervised Classifiers, Mutual Information and Phantom
Targets").
"""

from __future__ import annotations

import math

import numpy as np
import torch

from disentangle_eval.api import Metric, Scores, Subject
from disentangle_eval.latents import Categorical
from disentangle_eval.metrics.labels.cluster_accuracy import cluster_column
from disentangle_eval.metrics.labels.config import CategoryInformationConfig
from disentangle_eval.metrics.toolbox.encoding import image_batches
from disentangle_eval.metrics.toolbox.faulty_outputs import faulty_output
from disentangle_eval.metrics.toolbox.samples import random_images
from disentangle_eval.runtime.evaluating import evaluating


class CategoryInformationMetric(Metric[CategoryInformationConfig]):
    """Scores log n where n classes are equally frequent and certain, 0 where q(c|x) does not depend on the image.

    Values: `value`, nats, with its `standard_error` over images; `marginal_entropy`, H of the mean distribution, and
    `conditional_entropy`, the mean H of each; `ceiling`, log n; `mean_probabilities` (n,), and `frequencies` (n,), how
    often each class is the most probable; `column`, the code dimension; `num_images`, how many were read.

    UsageError for a code without a categorical dimension; DevalError for numbers that are not probabilities.
    """

    def score(self, subject: Subject, seed: int) -> Scores:
        column = cluster_column(subject.code, self.cfg.column)
        index = random_images(len(subject), self.cfg.num_images, seed)
        probabilities = class_probabilities(subject, index, column)
        mean = probabilities.mean(axis=0)
        # The information is also the mean over images of this divergence, whose spread gives the error.
        divergence = (probabilities * (_log(probabilities) - _log(mean))).sum(axis=1)
        conditional = float(-(probabilities * _log(probabilities)).sum(axis=1).mean())
        marginal = float(-(mean * _log(mean)).sum())
        n = probabilities.shape[1]
        values = {
            "value": max(0.0, marginal - conditional),
            "standard_error": float(divergence.std(ddof=1) / math.sqrt(len(index))),
            "marginal_entropy": marginal,
            "conditional_entropy": conditional,
            "ceiling": math.log(n),
            "mean_probabilities": mean.tolist(),
            "frequencies": (np.bincount(probabilities.argmax(axis=1), minlength=n) / len(index)).tolist(),
            "column": column,
            "num_images": len(index),
        }
        return Scores(values, chance=0.0, counts={"num_images": len(index)})


def class_probabilities(subject: Subject, index: np.ndarray, column: int) -> np.ndarray:
    """q(c|x) of one categorical code dimension for the images of `index` (N,), (N, classes) float64."""
    model, data = subject.model, subject.data
    position = sum(isinstance(dimension, Categorical) for dimension in subject.code[:column])
    batches = []
    with evaluating(model):
        for _, images in image_batches(model, data, index):
            batches.append(model.class_probabilities(images)[position].double())
    probabilities: np.ndarray = torch.cat(batches).cpu().numpy()
    sums = probabilities.sum(axis=1)
    if not (np.isfinite(probabilities).all() and probabilities.min() >= 0 and np.abs(sums - 1).max() < 1e-3):
        raise faulty_output(
            model,
            "class_probabilities",
            received="numbers that are not probabilities",
            expected="numbers from 0 whose rows sum to 1",
        )
    normalised: np.ndarray = probabilities / sums[:, None]
    return normalised


def _log(probabilities: np.ndarray) -> np.ndarray:
    """The logarithm, and 0 where there is nothing to take one of."""
    return np.log(np.where(probabilities > 0, probabilities, 1))
