"""Metrics that break a promise, each in one way, and one that keeps what a result may hold."""

import warnings

import numpy as np

from disentangle_eval.api import Metric, Scores
from disentangle_eval.config import Config, Field, MetricConfig
from disentangle_eval.errors import DevalWarning


class PlainConfig(MetricConfig):
    protocols = {"plain": {"num_train": 100}}  # noqa: RUF012

    num_train: int = Field(100, ge=2, description="images")


class Forest(Config):
    num_trees: int = Field(10, ge=1, description="trees")
    depth: int = Field(3, ge=1, description="depth of each")


class ForestConfig(MetricConfig):
    protocols = {  # noqa: RUF012
        "large": {"forest": {"num_trees": 70, "depth": 9}},
        "small": {"forest.num_trees": 7},
    }

    forest: Forest = Field(Forest(depth=2), description="trees that vote")


class Faulty(Metric[PlainConfig]):
    found = None

    def score(self, subject, seed):
        return self.found


class Raises(Faulty):
    def score(self, subject, seed):
        return {}["missing"]


class TextHeadline(Faulty):
    found = Scores({"value": "0.5"})


class NoHeadline(Faulty):
    found = Scores({"score": 0.5})


class NotFinite(Faulty):
    found = Scores({"value": 0.5, "gaps": [0.1, float("nan")]})


class TextCount(Faulty):
    found = Scores({"value": 0.5}, counts={"n": "many"})


class NoNames(Faulty):
    found = Scores("value")


class TextChance(Faulty):
    found = Scores({"value": 0.5}, chance="low")


class Exits(Faulty):
    def score(self, subject, seed):
        raise SystemExit(0)


class NoScores(Faulty):
    found = 0.5


class NumpyNumbers(Faulty):
    found = Scores({"value": np.float32(0.5), "gaps": np.array([0.25, 1.0]), "best": (np.int64(3),)}, np.float64(0.1))


class FewImages(Faulty):
    found = Scores({"value": 1.0}, counts={"num_train": np.int64(40)})


class Warns(Faulty):
    def score(self, subject, seed):
        for _ in range(2):
            warnings.warn("offsets were lost", DevalWarning, stacklevel=2)
        return Scores({"value": 1.0})


class WrongEstimate(Faulty):
    found = Scores({"value": 1.0})

    def seconds(self, subject, seed):
        print("soon")
        raise SystemExit(3)
