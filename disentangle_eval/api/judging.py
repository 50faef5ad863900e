"""What is judged, by what, and what comes out. Nothing here needs torch."""

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
    """What is judged: a trained model on a data set, or a plain table of codes.

    Every image is encoded at most once, whatever the metrics ask for. `offered` says what there is; `model`, `data`,
    `factors`, `grid` and `labels` are there for a metric whose spec needs them and raise `UsageError` where there are
    none, so that a metric need not check. `iteration` is how long the model was trained, where that is known; `peers`
    are the other subjects named with this one; `validation` is the same model on the images that its training set's
    makers hold back for choices, None where there are none; `order` (N,) is which row of the user's own table image i
    was, None where they coincide.
    """

    code: tuple[CodeDimension, ...]
    iteration: int | None
    peers: Sequence[Subject]
    validation: Subject | None
    order: np.ndarray | None

    def __len__(self) -> int:
        """How many images there are."""

    @property
    def offered(self) -> frozenset[str]:
        """What a metric may ask for, in the words of `MetricSpec.needs`."""

    @property
    def model(self) -> AnyModel:
        """The model that is judged, in eval mode."""

    @property
    def data(self) -> Dataset:
        """The images that are judged."""

    @property
    def factors(self) -> Factors:
        """The factor classes of every image."""

    @property
    def grid(self) -> FactorGrid:
        """The same, where every combination of classes is one image."""

    @property
    def labels(self) -> np.ndarray:
        """(N,) int64, the class of each image."""

    def codes(self, index: np.ndarray) -> np.ndarray:
        """Image indices (any shape, ints) -> codes, shape `index.shape + (K,)`, float."""

    def log_variance(self, index: np.ndarray) -> np.ndarray | None:
        """Log variances of normal posteriors whose means are the codes of a table, shape `index.shape + (K,)`.

        None where the table has none, and for a model, which has its posterior itself.
        """


@dataclass(frozen=True)
class Scores:
    """What a metric found: `values` by name (numbers, texts, lists or nested lists of them), and what an uninformative
    code would score on the headline, or None.

    `counts` names what was really used where a setting asks for a number of images, samples, votes or points: the name
    of the setting and the number, the largest where the setting is several. A result holds them, and a number below its
    setting is a warning.
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
