"""The downstream task: predict every factor from the code, with few and with many labelled images (Locatello et al.,
2019, "Challenging Common Assumptions in the Unsupervised Learning of Disentangled Representations", section 5.5).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.parallel import Parallel, delayed
from threadpoolctl import threadpool_limits

from disentangle_eval.api import FactorGrid, Metric, Scores, Subject
from disentangle_eval.metrics.factors.boosted_trees import BoostedTrees
from disentangle_eval.metrics.factors.config import DownstreamConfig
from disentangle_eval.metrics.factors.predictors import (
    LogisticRegression,
    OneVsRestLogisticRegression,
    majority_accuracies,
)
from disentangle_eval.metrics.toolbox.columns import in_usual_units, one_hot_blocks
from disentangle_eval.metrics.toolbox.samples import Samples, draw_samples, varying_columns
from disentangle_eval.runtime.draws import stream_seed


class DownstreamMetric(Metric[DownstreamConfig]):
    """The mean accuracy over factors on fresh images, with the largest training set; 1 where all are read off.

    Factors of which only one class was drawn are left out; one that is constant over a training set alone is predicted
    to be so. A column of classes enters as one-hot columns. Values: `value`; `train_sizes`, ascending; by training
    size `mean_train_accuracy`, `mean_test_accuracy`, `min_train_accuracy`, `min_test_accuracy` over factors,
    `chance_accuracy`, the mean test accuracy if the most frequent class of the training set were always predicted, and
    `efficiency`, the mean test accuracy divided by that of the largest set, None where that is 0; `train_accuracy` and
    `test_accuracy` (a row a training size, a column a factor, named in `factors`).
    """

    def score(self, subject: Subject, seed: int) -> Scores:
        tasks = list(_tasks(subject, seed, self.cfg))
        drawn = np.concatenate([samples.factors for task in tasks for samples in task])
        varying = varying_columns(drawn)
        accuracies = np.array([self._accuracies(*task, subject, varying, seed) for task in tasks])
        chances = [
            float(majority_accuracies(train.factors[:, varying], test.factors[:, varying]).mean())
            for train, test in tasks
        ]
        train_mean, test_mean = accuracies.mean(axis=2).T.tolist()
        train_min, test_min = accuracies.min(axis=2).T.tolist()
        best = test_mean[-1]
        values = {
            "value": best,
            "train_sizes": [len(train) for train, _ in tasks],
            "mean_train_accuracy": train_mean,
            "mean_test_accuracy": test_mean,
            "min_train_accuracy": train_min,
            "min_test_accuracy": test_min,
            "chance_accuracy": chances,
            "efficiency": [mean / best if best else None for mean in test_mean],
            "factors": [subject.factors.names[factor] for factor in varying],
            "train_accuracy": accuracies[:, 0].tolist(),
            "test_accuracy": accuracies[:, 1].tolist(),
        }
        train, test = tasks[-1]
        return Scores(values, chances[-1], counts={"train_sizes": len(train), "num_test": len(test)})

    def _accuracies(
        self, train: Samples, test: Samples, subject: Subject, varying: np.ndarray, seed: int
    ) -> list[list[float]]:
        """The share of the training images and of the test images that is right, by factor."""
        x, x_test = (np.hstack(one_hot_blocks(samples.codes, subject.code)) for samples in (train, test))

        if self.cfg.predictor == "boosted-trees":
            x, x_test = in_usual_units(x, x_test)

        def of_factor(factor: int) -> tuple[float, float]:
            y, y_test = train.factors[:, factor], test.factors[:, factor]
            predictor = self._predictor(stream_seed(seed, "trees", len(train), factor)).fit(x, y)
            return float((predictor.predict(x) == y).mean()), float((predictor.predict(x_test) == y_test).mean())

        # Trees share the threads among themselves. A logistic regression works outside Python's lock; its products are
        # too small to be worth the linear algebra library's own threads, which would wait for one another.
        threads = torch.get_num_threads() if self.cfg.predictor != "boosted-trees" else 1
        with warnings.catch_warnings(), threadpool_limits(1, user_api="blas"):
            # The study leaves the solver its hundred iterations, whether or not it converges.
            warnings.simplefilter("ignore", ConvergenceWarning)
            # About attributes that later releases of scikit-learn drop, none of which is used.
            warnings.simplefilter("ignore", FutureWarning)
            pairs = Parallel(n_jobs=threads, prefer="threads")(delayed(of_factor)(int(factor)) for factor in varying)
        return [list(accuracies) for accuracies in zip(*pairs, strict=True)]

    def _predictor(self, seed: int) -> LogisticRegression | OneVsRestLogisticRegression | BoostedTrees:
        cfg = self.cfg
        if cfg.predictor == "logistic-regression":
            return LogisticRegression(cfg.strengths, cfg.folds)
        if cfg.predictor == "one-vs-rest":
            return OneVsRestLogisticRegression(cfg.strengths, cfg.folds)
        return BoostedTrees(cfg.stages, cfg.depth, cfg.learning_rate, seed)


def _tasks(subject: Subject, seed: int, cfg: DownstreamConfig) -> Iterator[tuple[Samples, Samples]]:
    """Training and test images of each task, by ascending size.

    From a full grid every set is drawn anew. Labelled images are too few for that: one test set serves all tasks, and
    every training set is the beginning of the largest, which takes what there is where that is less than asked for.
    """
    sizes = sorted(set(cfg.train_sizes))
    if isinstance(subject.factors, FactorGrid):
        sets = draw_samples(subject, seed, *(count for size in sizes for count in (size, cfg.num_test)))
        yield from zip(sets[::2], sets[1::2], strict=True)
        return
    train, test = draw_samples(subject, seed, sizes[-1], cfg.num_test)
    for size in sorted({min(size, len(train)) for size in sizes}):
        yield Samples(train.codes[:size], train.factors[:size]), test
