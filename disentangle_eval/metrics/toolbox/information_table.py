"""The mutual information of each code dimension and factor, counted once for all metrics of a command."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from weakref import WeakKeyDictionary

import numpy as np

from disentangle_eval.api import Subject
from disentangle_eval.metrics.toolbox.columns import discretise
from disentangle_eval.metrics.toolbox.mutual_information import entropy, mutual_information
from disentangle_eval.metrics.toolbox.samples import Samples, permutations_of, varying_columns


@dataclass(frozen=True, eq=False)
class InformationTable:
    """The classes of the F factors that vary, (N, F), and their information about the code.

    `names` are theirs, `code_entropy` (K,) the entropy of each code dimension in nats, `informed` maps classes (N, F)
    to the mutual information of the code and each of them, (K, F) in nats. `images` (N,) are those that the classes
    are of, and `seed` draws the permutations of chance levels.
    """

    factors: np.ndarray
    names: list[str]
    code_entropy: np.ndarray
    informed: Callable[[np.ndarray], np.ndarray]
    images: np.ndarray
    seed: int

    @cached_property
    def information(self) -> np.ndarray:
        """The mutual information of each dimension and factor, (K, F) in nats."""
        return self.informed(self.factors)

    @cached_property
    def factor_entropy(self) -> np.ndarray:
        """The entropy of each factor, (F,) in nats, above 0."""
        return entropy(self.factors)

    @property
    def joint_entropy(self) -> np.ndarray:
        """The entropy of each pair of a dimension and a factor, (K, F) in nats."""
        joint: np.ndarray = self.code_entropy[:, None] + self.factor_entropy - self.information
        return joint

    @cached_property
    def permuted(self) -> list[np.ndarray]:
        """The information (K, F) on the factors of other images, in ten random permutations."""
        return [self.informed(shuffled) for shuffled in permutations_of(self.factors, self.images, self.seed)]


Key = tuple[int, int, tuple[int, ...], bytes]

_TABLES: WeakKeyDictionary[Subject, dict[Key, InformationTable]] = WeakKeyDictionary()


def information_table(
    subject: Subject, samples: Samples, seed: int, bins: int, varying: np.ndarray | None = None
) -> InformationTable:
    """The table of some images of a subject: the same object for the same images, seed, bins and factors.

    Real numbers enter as `bins` of a histogram, columns of classes as their classes. The factors are those of `varying`
    (V,), or all that vary over these images; UsageError where none does.
    """
    factors, names = varying_factors_of(subject, samples, varying)
    digest = hashlib.sha256(samples.codes.tobytes())
    digest.update(factors.tobytes())
    digest.update(samples.images.tobytes())
    tables = _TABLES.setdefault(subject, {})
    key = (seed, bins, factors.shape, digest.digest())
    if key not in tables:
        classes = discretise(samples.codes, subject.code, bins)
        informed = partial(mutual_information, classes)
        tables[key] = InformationTable(factors, names, entropy(classes), informed, samples.images, seed)
    return tables[key]


def varying_factors_of(
    subject: Subject, samples: Samples, varying: np.ndarray | None = None
) -> tuple[np.ndarray, list[str]]:
    """The classes (N, V) of the factors of `varying`, or of all that vary over these images, and their names.

    UsageError where none does.
    """
    chosen = varying_columns(samples.factors) if varying is None else varying
    return samples.factors[:, chosen], [subject.factors.names[factor] for factor in chosen]
