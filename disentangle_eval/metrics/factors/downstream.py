"""The downstream task: predict every factor from the code, with few and with many labelled images (Locatello et al.,
2019, "Challenging Common Assumptions in the Unsupervised Learning of Disentangled Representations", section 5.5).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.parallel import Parallel, delayed
from threadpoolctl import threadpool_limits

from disentangle_eval.api import FactorGrid, Metric, Scores, Subject
from disentangle_eval.metrics.factors.boosted_trees import BoostedTrees, SortedColumns, sort_columns
from disentangle_eval.metrics.factors.config import DownstreamConfig
from disentangle_eval.metrics.factors.predictors import (
    LogisticRegression,
    OneVsRestLogisticRegression,
    majority_accuracies,
)
from disentangle_eval.metrics.toolbox.columns import in_usual_units, one_hot_blocks
from disentangle_eval.metrics.toolbox.samples import (
    FEW_IN_BOTH,
    Samples,
    draw_samples,
    permuted_sets,
    varying_columns,
)
from disentangle_eval.runtime.draws import stream_seed


class DownstreamMetric(Metric[DownstreamConfig]):
    """The mean accuracy over factors on fresh images, with the largest training set; 1 where all are read off.

    Factors of which only one class was drawn are left out; one that is constant over a training set alone is predicted
    to be so. A column of classes enters as one-hot columns. Values: `value`; `train_sizes`, ascending; by training
    size `mean_train_accuracy`, `mean_test_accuracy`, `min_train_accuracy`, `min_test_accuracy` over factors,
    `chance_accuracy`, the mean test accuracy if the most frequent class of the training set were always predicted, and
    `efficiency`, the mean test accuracy divided by that of the largest set, None where that is 0; `train_accuracy` and
    `test_accuracy` (one row per training size, one column per factor of `factors`).
    """

    def score(self, subject: Subject, seed: int) -> Scores:
        tasks = list(_tasks(subject, seed, self.cfg))
        drawn = np.concatenate([samples.factors for task in tasks for samples in task])
        varying = varying_columns(drawn)
        accuracies = self._accuracies(tasks, subject, varying, seed)
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
        chance = max(chances[-1], self._chance_of_known_images(tasks[-1], subject, varying, seed))
        return Scores(values, chance, counts={"train_sizes": len(train), "num_test": len(test)})

    def _chance_of_known_images(
        self, task: tuple[Samples, Samples], subject: Subject, varying: np.ndarray, seed: int
    ) -> float:
        """The mean accuracy on fresh images where factors are those of other images; 0 where few are in both sets.

        What a predictor remembers of a training image is right for that image among the fresh ones, whatever the code.
        """
        train, test = task
        if np.isin(test.images, train.images).mean() <= FEW_IN_BOTH:
            return 0.0
        pairs = zip(task, next(permuted_sets(np.arange(train.factors.shape[1]), *task, seed=seed)), strict=True)
        permuted = [replace(samples, factors=others) for samples, others in pairs]
        return float(self._accuracies([(permuted[0], permuted[1])], subject, varying, seed)[0, 1].mean())

    def _accuracies(
        self, tasks: list[tuple[Samples, Samples]], subject: Subject, varying: np.ndarray, seed: int
    ) -> np.ndarray:
        """The share of the training images and of the test images that is right, by task and factor: (T, 2, V)."""
        by_trees = self.cfg.predictor == "boosted-trees"
        inputs = [_inputs(*task, subject, by_trees) for task in tasks]

        def right(task: int, factor: int) -> tuple[float, float]:
            (train, test), (x, x_test, table) = tasks[task], inputs[task]
            y, y_test = train.factors[:, factor], test.factors[:, factor]
            if table is None:
                regression = self._regression().fit(x, y)
                fitted, fresh = regression.predict(x), regression.predict(x_test)
            else:
                trees = self._trees(stream_seed(seed, "trees", len(train), factor)).fit(table, y)
                fitted, fresh = trees.fitted, trees.predict(x_test)
            return float((fitted == y).mean()), float((fresh == y_test).mean())

        # The longest first, so that no thread is left with one when the others have done all else.
        jobs = sorted(
            ((task, int(factor)) for task in range(len(tasks)) for factor in varying),
            key=lambda job: -len(tasks[job[0]][0]) * subject.factors.sizes[job[1]],
        )
        # Trees share the threads among themselves. A logistic regression works outside Python's lock; its products are
        # too small to be worth the linear algebra library's own threads, which would wait for one another.
        threads = 1 if by_trees else torch.get_num_threads()
        with warnings.catch_warnings(), threadpool_limits(1, user_api="blas"):
            # The study leaves the solver its hundred iterations, whether or not it converges.
            warnings.simplefilter("ignore", ConvergenceWarning)
            # About attributes that later releases of scikit-learn drop, none of which is used.
            warnings.simplefilter("ignore", FutureWarning)
            found = dict(
                zip(jobs, Parallel(threads, prefer="threads")(delayed(right)(*job) for job in jobs), strict=True)
            )
        return np.array([np.transpose([found[task, int(factor)] for factor in varying]) for task in range(len(tasks))])

    def _regression(self) -> LogisticRegression | OneVsRestLogisticRegression:
        kind = LogisticRegression if self.cfg.predictor == "logistic-regression" else OneVsRestLogisticRegression
        return kind(self.cfg.strengths, self.cfg.folds)

    def _trees(self, seed: int) -> BoostedTrees:
        return BoostedTrees(self.cfg.stages, self.cfg.depth, self.cfg.learning_rate, seed)


def _inputs(
    train: Samples, test: Samples, subject: Subject, trees: bool
) -> tuple[np.ndarray, np.ndarray, SortedColumns | None]:
    """The columns of a task's training and test images, and what trees share of the former."""
    columns = (np.hstack(one_hot_blocks(samples.codes, subject.code)) for samples in (train, test))
    x, x_test = in_usual_units(*columns)
    return x, x_test, sort_columns(x) if trees else None


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
        yield Samples(train.codes[:size], train.factors[:size], train.images[:size]), test
