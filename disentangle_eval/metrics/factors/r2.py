"""R squared of a linear map from the code to the factors (Zimmermann, Sharma, Schneider, Bethge & Brendel, 2021,
"Contrastive Learning Inverts the Data Generating Process", section 4.1).

Are the factors there up to a linear map? Explicitness of factors that are real numbers, without classes or bins.
"""

from __future__ import annotations

import numpy as np

from disentangle_eval.api import Metric, Scores, Subject
from disentangle_eval.metrics.factors.config import R2Config
from disentangle_eval.metrics.toolbox.columns import one_hot_blocks, varies
from disentangle_eval.metrics.toolbox.samples import draw_images, factor_values, permutations_of, varying_columns


class R2Metric(Metric[R2Config]):
    """The mean over factors of the share of variance that least squares explains: 1 where all are linear in the code.

    Below 0 on fresh images where the fit is worse than their mean. Factors that do not vary, and constant dimensions,
    take no part; a column of classes enters as one-hot columns. Values: `value`; `r2`, that of each factor, named in
    `factors`; `r2_train`, the same on the images fitted to.
    """

    def score(self, subject: Subject, seed: int) -> Scores:
        cfg = self.cfg
        counts = (cfg.num_train,) if cfg.num_test is None else (cfg.num_train, cfg.num_test)
        sets = draw_images(subject, seed, *counts)
        varying = varying_columns(*(subject.factors.classes(index) for index in sets))
        x, x_test = (_regressors(subject, sets[0], index) for index in (sets[0], sets[-1]))
        y, y_test = (factor_values(subject.factors, index)[:, varying] for index in (sets[0], sets[-1]))
        weights = least_squares(x, y)
        found = r_squared(y_test, x_test @ weights)
        values = {
            "value": float(found.mean()),
            "r2": found.tolist(),
            "factors": [subject.factors.names[factor] for factor in varying],
            "r2_train": r_squared(y, x @ weights).tolist(),
        }
        # The codes are permuted, so that an image in both sets has the same one in both.
        codes, images = (x, sets[0]) if cfg.num_test is None else (np.concatenate([x, x_test]), np.concatenate(sets))
        permuted = [
            r_squared(y_test, others[-len(y_test) :] @ least_squares(others[: len(y)], y))
            for others in permutations_of(codes, images, seed)
        ]
        used = dict(zip(("num_train", "num_test"), map(len, sets), strict=False))
        return Scores(values, float(np.mean(permuted)), counts=used)


def least_squares(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Regressors (N, D), collinear or not, and values (N, F) -> the smallest weights of least squares, (D, F)."""
    weights: np.ndarray = np.linalg.lstsq(x, y)[0]
    return weights


def r_squared(y: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Values (N, F), none constant, and predictions -> 1 less the squared error over the squared deviation, (F,)."""
    error = np.square(y - predicted).sum(axis=0)
    result: np.ndarray = 1 - error / np.square(y - y.mean(axis=0)).sum(axis=0)
    return result


def standardised_codes(subject: Subject, fitted: np.ndarray, index: np.ndarray) -> list[np.ndarray]:
    """The codes of images (n,), standardised as those of the `fitted` images are: K blocks (n, columns), float64.

    A dimension that is constant over the fitted images is a block of zeros, a column of classes its one-hot columns.
    """
    train, codes = (subject.codes(images).astype(np.float64) for images in (fitted, index))
    blocks = []
    for varied, of_train, block in zip(
        varies(train), one_hot_blocks(train, subject.code), one_hot_blocks(codes, subject.code), strict=True
    ):
        deviation = of_train.std(axis=0)
        scale = np.divide(1.0, deviation, out=np.zeros_like(deviation), where=varied & (deviation > 0))
        blocks.append((block - of_train.mean(axis=0)) * scale)
    return blocks


def _regressors(subject: Subject, fitted: np.ndarray, index: np.ndarray) -> np.ndarray:
    return np.hstack([*standardised_codes(subject, fitted, index), np.ones((len(index), 1))])
