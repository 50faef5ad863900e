"""Subjects, metrics and their scores. Nothing here needs torch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from disentangle_eval.config import MetricConfig

if TYPE_CHECKING:
    import numpy as np

    from disentangle_eval.api.abilities import AnyModel
    from disentangle_eval.api.data import Dataset, FactorGrid, Factors
    from disentangle_eval.latents import CodeDimension

MetricConfigT = TypeVar("MetricConfigT", bound=MetricConfig)


class Subject(Protocol):
    """What a metric scores: a trained model on a data set, or a plain table of codes.

    Every image is encoded at most once. `offered` lists what there is; `model`, `data`, `factors`, `grid` and `labels`
    raise `UsageError` if they are missing, so that a metric need not check. `iteration` is the length of the model's
    training, if known; `peers` are the other subjects of the command; `validation` is the same model on the images held
    back from its training set for choices, None if there are none; `order` (N,) is the row of the user's table that is
    image i, None if they coincide.
    """

    code: tuple[CodeDimension, ...]
    iteration: int | None
    peers: Sequence[Subject]
    validation: Subject | None
    order: np.ndarray | None

    def __len__(self) -> int:
        """Number of images."""

    @property
    def offered(self) -> frozenset[str]:
        """What a metric may use, in the words of `MetricSpec.needs`."""

    @property
    def model(self) -> AnyModel:
        """The model, in eval mode."""

    @property
    def data(self) -> Dataset:
        """The images."""

    @property
    def factors(self) -> Factors:
        """The factor classes of every image."""

    @property
    def grid(self) -> FactorGrid:
        """The same, if every combination of classes is one image."""

    @property
    def labels(self) -> np.ndarray:
        """(N,) int64, the class of each image."""

    def codes(self, index: np.ndarray) -> np.ndarray:
        """Image indices (any shape, ints) -> codes, shape `index.shape + (K,)`, float."""

    def log_variance(self, index: np.ndarray) -> np.ndarray | None:
        """Log variances of normal posteriors whose means are the codes of a table, shape `index.shape + (K,)`.

        None if the table has none, and for a model, which has a posterior of its own.
        """


@dataclass(frozen=True)
class Scores:
    """What a metric returns: `values` by name (numbers, texts, lists or nested lists of them), and the score of an
    uninformative code on the headline, or None.

    A list of lists of numbers is shown as a matrix: one row per code dimension and one column per factor, which have
    names where `values["factors"]` lists them. Where that has as many names as rows, and not as columns, rows are
    factors.

    `counts` has, by the name of a setting that is a number of images, samples, votes or points, how many were used, the
    largest if the setting has several. A result reports them, and a number below its setting is a warning.
    """

    values: Mapping[str, Any]
    chance: float | None = None
    counts: Mapping[str, int] = field(default_factory=dict)


class Metric(ABC, Generic[MetricConfigT]):
    """A metric under one setting."""

    def __init__(self, cfg: MetricConfigT) -> None:
        self.cfg = cfg

    @abstractmethod
    def score(self, subject: Subject, seed: int) -> Scores:
        """The scores of a subject; the same seed gives the same scores."""

    def seconds(self, subject: Subject, seed: int) -> float:
        """About how many seconds `score` will take on this machine at most, by a short trial; 0 if not known.

        A score that will take more than ten minutes is reported before it starts. The trial must leave everything as it
        was.
        """
        return 0.0
