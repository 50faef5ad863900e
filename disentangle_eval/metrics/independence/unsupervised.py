"""How far the dimensions of a code depend on each other: correlations of a normal fit, and mutual information.

The unsupervised scores of Locatello et al. (2019, "Challenging Common Assumptions in the Unsupervised Learning of
Disentangled Representations"): no factors are needed.
"""

from __future__ import annotations

import numpy as np

from disentangle_eval.api import FactorGrid, Metric, Scores, Subject
from disentangle_eval.latents import is_categorical
from disentangle_eval.metrics.independence.config import UnsupervisedConfig
from disentangle_eval.metrics.toolbox.columns import discretise, varies
from disentangle_eval.metrics.toolbox.mutual_information import mutual_information
from disentangle_eval.metrics.toolbox.samples import random_images
from disentangle_eval.metrics.toolbox.statistics import (
    SMALLEST_EIGENVALUE,
    correlation_spectrum,
    gaussian_total_correlation,
)
from disentangle_eval.metrics.toolbox.votes import ReferenceStream


class UnsupervisedMetric(Metric[UnsupervisedConfig]):
    """Scores 0 for a code of independent dimensions, whatever they know, and more the more they depend on each other.

    Values: `gaussian_total_correlation`, nats; `gaussian_wasserstein_correlation`, in squared units of the code, and
    `gaussian_wasserstein_correlation_norm`, as a share of its total variance; `num_active_dims` and `active_dims`, the
    columns the three are of, real numbers that vary; `rank`, how many of these are linearly independent;
    `mutual_info_score`, nats, the mean mutual information of two different columns of all K, 0 for K = 1;
    `active_mutual_info_score`, the same over the columns that vary, and `mutual_info_matrix` (K, K) with the entropies
    of the columns on its diagonal.

    There is no chance level: an uninformative code may have dependent dimensions. DevalError for codes too large for
    their variances.
    """

    def score(self, subject: Subject, seed: int) -> Scores:
        codes = self._codes(subject, seed)
        varying = varies(codes.astype(np.float64))
        active = np.flatnonzero(varying & ~np.array(is_categorical(subject.code)))
        covariance = covariance_of(codes[:, active].astype(np.float64))
        distance = gaussian_wasserstein_correlation(covariance)
        variance = float(np.trace(covariance))

        classes = discretise(codes, subject.code, self.cfg.bins)
        information = mutual_information(classes, classes)
        values = {
            "gaussian_total_correlation": gaussian_total_correlation(covariance, floored=True),
            "gaussian_wasserstein_correlation": distance,
            "gaussian_wasserstein_correlation_norm": distance / variance if variance else 0.0,
            "num_active_dims": len(active),
            "active_dims": active.tolist(),
            "rank": int((correlation_spectrum(covariance) > SMALLEST_EIGENVALUE).sum()),
            "mutual_info_score": mean_off_diagonal(information),
            "active_mutual_info_score": mean_off_diagonal(information[np.ix_(varying, varying)]),
            "mutual_info_matrix": information.tolist(),
        }
        return Scores(values, counts={"num_images": len(codes)})

    def _codes(self, subject: Subject, seed: int) -> np.ndarray:
        """The codes of random images: the study's draws from a full grid, else images drawn once at most."""
        factors = subject.factors if "factors" in subject.offered else None
        if isinstance(factors, FactorGrid):
            return subject.codes(ReferenceStream(factors, seed).batches(self.cfg.num_images))
        return subject.codes(random_images(len(subject), self.cfg.num_images, seed))


def covariance_of(codes: np.ndarray) -> np.ndarray:
    """Codes (N, K) -> their unbiased covariance, (K, K)."""
    centred = codes - codes.mean(axis=0)
    covariance: np.ndarray = centred.T @ centred / (len(codes) - 1)
    return covariance


def gaussian_wasserstein_correlation(covariance: np.ndarray) -> float:
    """W2(N(0, S), prod_j N(0, S_jj))^2 for a covariance S (K, K): 2 tr S - 2 tr (D^1/2 S D^1/2)^1/2, D = diag S."""
    scale = np.sqrt(np.diag(covariance))
    spectrum = np.linalg.eigvalsh(covariance * np.outer(scale, scale)).clip(min=0)
    return max(0.0, float(2 * np.trace(covariance) - 2 * np.sqrt(spectrum).sum()))


def mean_off_diagonal(matrix: np.ndarray) -> float:
    """The mean over pairs of different dimensions of (K, K); 0 where there is no pair."""
    dims = len(matrix)
    return float((matrix.sum() - np.trace(matrix)) / (dims * (dims - 1))) if dims > 1 else 0.0
