"""What is judged, as a table of codes: plain arrays, or a model that encodes each image once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, cast

import numpy as np

from disentangle_eval.api import (
    Classifier,
    Dataset,
    Encoder,
    FactorGrid,
    Factors,
    Generator,
    Likelihood,
    LowerBound,
    Posterior,
    Reconstructor,
    Samples,
    Subject,
)
from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.latents import Categorical, CodeDimension, continuous
from disentangle_eval.metrics.toolbox.faulty_outputs import faulty_output

if TYPE_CHECKING:
    from disentangle_eval.api.abilities import AnyModel

# The need of a metric that each ability of a model meets.
ABILITIES: dict[str, type | tuple[type, ...]] = {
    "encoder": Encoder,
    "generator": Generator,
    "samples": (Generator, Samples),
    "prior": Generator,
    "posterior": Posterior,
    "classifier": Classifier,
    "likelihood": Likelihood,
    "lower-bound": LowerBound,
    "reconstructor": Reconstructor,
}


class CodeTable:
    """A code for every image, given as an array.

    `codes` (N, K) real numbers; float32 and float64 keep their precision, everything else is computed in float64. Row i
    is the code of image i of `factors`, and of the class `labels[i]`, (N,) integers. `code` says what each column
    holds, real numbers unless given. The codes are the means of normal posteriors where `log_variance` (N, K) gives
    their log variances. `order` (N,) is the row of the user's own table that image i was, None where they coincide.
    UsageError for another shape or dtype, codes that are not finite, and classes that do not exist.
    """

    iteration: int | None = None

    def __init__(
        self,
        codes: np.ndarray,
        factors: Factors | None = None,
        code: tuple[CodeDimension, ...] | None = None,
        labels: np.ndarray | None = None,
        log_variance: np.ndarray | None = None,
        order: np.ndarray | None = None,
    ) -> None:
        self.peers: Sequence[Subject] = ()
        self.validation: Subject | None = None
        self.order = order
        self._factors = factors
        self._labels = labels
        self._codes = _real_matrix(codes, "codes")
        rows, columns = self._codes.shape
        if factors is not None and rows != len(factors):
            sizes = " x ".join(str(size) for size in factors.sizes)
            images = f"{sizes} images" if isinstance(factors, FactorGrid) else "the labelled images"
            raise UsageError("codes", received=f"{rows} rows", expected=f"{len(factors)}, one for each of {images}")
        if labels is not None:
            _check_labels(labels, rows)
        self.code = continuous(columns) if code is None else code
        if len(self.code) != columns:
            raise UsageError(
                "codes", received=f"{columns} columns", expected=f"{len(self.code)}, one per code dimension"
            )
        if fault := _fault(self._codes, self.code):
            raise UsageError("codes", received=fault[0], expected=fault[1])
        self._log_variance = None if log_variance is None else _log_variances(log_variance, self._codes.shape)

    def __len__(self) -> int:
        return len(self._codes)

    @property
    def offered(self) -> frozenset[str]:
        """What the table offers to a metric, in the words of `MetricSpec.needs`."""
        posterior = set() if self._log_variance is None else {"posterior"}
        return frozenset({"encoder"} | posterior | _offered_by(self._factors, self._labels, self))

    @property
    def model(self) -> AnyModel:
        raise UsageError("codes without a model", expected="a checkpoint")

    @property
    def data(self) -> Dataset:
        raise UsageError("codes without images", expected="a checkpoint, whose data set has them")

    @property
    def factors(self) -> Factors:
        if self._factors is None:
            raise UsageError("codes: their factors are not known", expected="factors or factor_sizes next to the codes")
        return self._factors

    @property
    def grid(self) -> FactorGrid:
        if not isinstance(self.factors, FactorGrid):
            raise UsageError(
                "codes", received="labelled samples", expected="every combination of factors (factor_sizes)"
            )
        return self.factors

    @property
    def labels(self) -> np.ndarray:
        if self._labels is None:
            raise UsageError("codes: the images have no known classes", expected="labels next to the codes")
        return self._labels

    def codes(self, index: np.ndarray) -> np.ndarray:
        """Image indices (any shape, ints) -> codes, shape `index.shape + (K,)`."""
        codes: np.ndarray = self._codes[index]
        return codes

    def log_variance(self, index: np.ndarray) -> np.ndarray | None:
        """Log variances of the posteriors whose means are the codes, shape `index.shape + (K,)`, or None."""
        return None if self._log_variance is None else self._log_variance[index]


class KeptCodes(Protocol):
    """Codes that outlive the process."""

    def load(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Image indices (n,), ascending, and their codes (n, K), or None."""

    def store(self, index: np.ndarray, codes: np.ndarray) -> None:
        """Keep them, in place of what was kept before."""


class EncodedSubject:
    """A model with an encoder on a data set; each image is encoded at most once, when first asked for.

    Keeps the float32 codes of the images asked for, so that a data set may be larger than memory. `batch_size` fits the
    device unless it is given; `kept` keeps codes beyond the process. DevalError when the model's codes have another
    shape, are not finite, or name classes that do not exist.
    """

    def __init__(
        self,
        model: object,
        data: Dataset,
        batch_size: int | None = None,
        iteration: int | None = None,
        kept: KeptCodes | None = None,
    ) -> None:
        self.iteration = iteration
        self.batch_statistics = "running"
        self.peers: Sequence[Subject] = ()
        self.validation: Subject | None = None
        # A generator alone has none; metrics that need no encoder judge it all the same.
        self.code: tuple[CodeDimension, ...] = getattr(model, "code", ())
        self._encoder = cast("AnyModel", model)
        self._images = data
        self._labels: np.ndarray | None = getattr(data, "labels", None)
        self.order: np.ndarray | None = None
        self._batch_size = batch_size
        self._kept = kept
        before = kept.load() if kept else None
        self._known, self._table = before or (
            np.empty(0, dtype=np.int64),
            np.empty((0, len(self.code)), dtype=np.float32),
        )

    def __len__(self) -> int:
        return len(self._images)

    @property
    def model(self) -> AnyModel:
        return self._encoder

    @property
    def data(self) -> Dataset:
        return self._images

    @property
    def offered(self) -> frozenset[str]:
        """What the model and the data set offer to a metric, in the words of `MetricSpec.needs`."""
        abilities = {need for need, ability in ABILITIES.items() if isinstance(self._encoder, ability)}
        return frozenset(abilities | {"images"} | _offered_by(self._images.factors, self._labels, self))

    @property
    def factors(self) -> Factors:
        factors = self._images.factors
        if factors is None:
            name = self._images.name
            raise UsageError(f"dataset {name!r} has no known factors", expected="one with factors: deval datasets")
        return factors

    @property
    def grid(self) -> FactorGrid:
        if not isinstance(self.factors, FactorGrid):
            name = self._images.name
            raise UsageError(f"dataset {name!r} has no full grid of factors", expected="one that has: deval datasets")
        return self.factors

    @property
    def labels(self) -> np.ndarray:
        if self._labels is None:
            name = self._images.name
            raise UsageError(f"dataset {name!r} has no labels", expected="a labelled one: deval datasets")
        return self._labels

    def codes(self, index: np.ndarray) -> np.ndarray:
        """Image indices (any shape, ints) -> codes, shape `index.shape + (K,)`, float32."""
        place = np.searchsorted(self._known, index)
        unknown = self._unknown(index, place)
        if unknown.size:
            self._encode(unknown)
            place = np.searchsorted(self._known, index)
        codes: np.ndarray = self._table[place]
        return codes

    def log_variance(self, index: np.ndarray) -> np.ndarray | None:
        """None: the model itself gives its posteriors."""
        return None

    def _unknown(self, index: np.ndarray, place: np.ndarray) -> np.ndarray:
        """Those of some images (any shape) that have no code yet, (n,), ascending; `place` is where theirs would be."""
        if not self._known.size:
            return np.unique(index)
        return np.unique(index[self._known.take(place, mode="clip") != index])

    def _encode(self, index: np.ndarray) -> None:
        """Adds the codes of images that are not known yet; `index` (n,) ascends, as do the rows kept."""
        from disentangle_eval.metrics.toolbox.encoding import image_batches
        from disentangle_eval.runtime.evaluating import evaluating

        table = np.empty((len(index), len(self.code)), dtype=np.float32)
        done = 0
        with evaluating(self._encoder):
            for batch, images in image_batches(self._encoder, self._images, index, self._batch_size, "encoding images"):
                codes = self._encoder.encode(images).float().cpu().numpy()
                self._check(codes, len(batch))
                table[done : done + len(batch)] = codes
                done += len(batch)
        order = np.argsort(known := np.concatenate([self._known, index]))
        self._known, self._table = known[order], np.concatenate([self._table, table])[order]
        if self._kept:
            self._kept.store(self._known, self._table)

    def _check(self, codes: np.ndarray, images: int) -> None:
        expected = (images, len(self.code))
        if codes.shape != expected:
            name = f"{type(self._encoder).__name__}.encode"
            raise DevalError(name, received=f"codes of shape {codes.shape}", expected=str(expected))
        if fault := _fault(codes, self.code):
            raise faulty_output(self._encoder, "encode", received=fault[0], expected=fault[1])


def _offered_by(factors: Factors | None, labels: np.ndarray | None, subject: Subject) -> set[str]:
    return {
        *(["factors"] if factors is not None else []),
        *(["grid"] if isinstance(factors, FactorGrid) else []),
        *(["labels"] if labels is not None else []),
        *(["peers"] if subject.peers else []),
        *(["validation"] if subject.validation is not None else []),
    }


def _check_labels(labels: np.ndarray, rows: int) -> None:
    expected = f"integers from 0 of shape ({rows},), one per row of codes"
    if labels.shape != (rows,) or not np.issubdtype(labels.dtype, np.integer):
        raise UsageError("labels", received=f"{labels.dtype} of shape {labels.shape}", expected=expected)
    if labels.size and labels.min() < 0:
        raise UsageError("labels", received=labels.min(), expected=expected)


def _real_matrix(codes: np.ndarray, name: str) -> np.ndarray:
    codes = np.asarray(codes)
    if codes.ndim != 2 or not codes.size:
        raise UsageError(name, received=f"shape {codes.shape}", expected="(N, K), both at least 1")
    if codes.dtype.kind not in "biuf":
        raise UsageError(name, received=f"dtype {codes.dtype}", expected="real numbers")
    precision = np.float32 if codes.dtype == np.float32 else np.float64
    return np.ascontiguousarray(codes, dtype=precision)


def _log_variances(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    values = _real_matrix(values, "log_variance")
    if values.shape != shape:
        raise UsageError("log_variance", received=f"shape {values.shape}", expected=f"{shape}, as the codes")
    if not np.isfinite(values).all():
        raise UsageError("log_variance", received="NaN or infinity", expected="finite numbers: log of the variance")
    return values


def _fault(codes: np.ndarray, code: Sequence[CodeDimension]) -> tuple[str, str] | None:
    """What makes these codes (n, K) unusable, as received and expected; None where they can be used."""
    broken = int((~np.isfinite(codes)).any(axis=1).sum())
    if broken:
        return f"NaN or infinity in {broken} of {len(codes)} rows", "finite numbers"
    for j, dimension in enumerate(code):
        if isinstance(dimension, Categorical):
            column = codes[:, j]
            others = column[(column != np.floor(column)) | (column < 0) | (column >= dimension.classes)]
            if others.size:
                return f"{others[0]:g} in column {j}", f"a class from 0 to {dimension.classes - 1}"
    return None
