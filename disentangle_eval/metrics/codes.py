"""What is judged, as a table of codes: plain arrays, or a model that encodes each image once."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from disentangle_eval.api import Dataset, Encoder, FactorSpace
from disentangle_eval.data import factors as grid
from disentangle_eval.data.dataset import labels_of
from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.evaluating import evaluating
from disentangle_eval.latents import Categorical, CodeDimension, Continuous, continuous
from disentangle_eval.metrics.encoding import image_batches

FILE_KEYS = "codes (N, K), with factor_sizes (F,) for codes in grid order or labels (N,), or both"


class CodeTable:
    """A code for every image, given as an array.

    `codes` (N, K) real numbers; float32 and float64 keep their precision, everything else is computed in float64. Row i
    is the code of image i of `factors`, and of the class `labels[i]`, (N,) integers. `code` says what each column
    holds, real numbers unless told. UsageError for another shape or dtype, codes that are not finite, and classes that
    do not exist.
    """

    model: Any | None = None
    data: Dataset | None = None

    def __init__(
        self,
        codes: np.ndarray,
        factors: FactorSpace | None = None,
        code: tuple[CodeDimension, ...] | None = None,
        labels: np.ndarray | None = None,
    ) -> None:
        self._factors = factors
        self._labels = labels
        self._codes = _real_matrix(codes)
        rows, columns = self._codes.shape
        if factors is not None and rows != len(factors):
            sizes = " x ".join(str(size) for size in factors.sizes)
            raise UsageError(f"codes: received {rows} rows, expected {len(factors)}, one for each of {sizes} images")
        if labels is not None:
            _check_labels(labels, rows)
        self.code = continuous(columns) if code is None else code
        if len(self.code) != columns:
            raise UsageError(f"codes: received {columns} columns, expected {len(self.code)}, one a code dimension")
        fault = _fault(self._codes, self.code)
        if fault:
            raise UsageError(f"codes: {fault}")

    @property
    def offered(self) -> frozenset[str]:
        """What a metric may ask of this table, in the words of `MetricSpec.needs`."""
        present = {"factors": self._factors, "labels": self._labels}
        return frozenset({"encoder"} | {need for need, value in present.items() if value is not None})

    @property
    def factors(self) -> FactorSpace:
        if self._factors is None:
            raise UsageError("codes: no factors stand behind them, expected factor_sizes beside them")
        return self._factors

    @property
    def labels(self) -> np.ndarray:
        if self._labels is None:
            raise UsageError("codes: the images have no known classes, expected labels beside them")
        return self._labels

    def codes(self, index: np.ndarray) -> np.ndarray:
        """Image indices (any shape, ints) -> codes, shape `index.shape + (K,)`."""
        codes: np.ndarray = self._codes[index]
        return codes


class EncodedSubject:
    """A model with an encoder on a data set; each image is encoded at most once, when first asked for.

    Keeps the float32 codes of the images asked for, so that a data set may be larger than memory. `batch_size` fits the
    device unless it is given. DevalError when the model's codes have another shape, are not finite, or name classes
    that do not exist.
    """

    def __init__(self, model: Encoder, data: Dataset, batch_size: int | None = None) -> None:
        self.model: Any | None = model
        self.data: Dataset | None = data
        self.code = model.code
        self._encoder = model
        self._images = data
        self._batch_size = batch_size
        self._known = np.empty(0, dtype=np.int64)
        self._table = np.empty((0, len(model.code)), dtype=np.float32)

    @property
    def factors(self) -> FactorSpace:
        factors = self._images.factors
        if factors is None:
            name = self._images.name
            raise UsageError(f"dataset {name!r} has no known factors, expected one with factors: deval datasets")
        return factors

    @property
    def labels(self) -> np.ndarray:
        labels = labels_of(self._images)
        if labels is None:
            name = self._images.name
            raise UsageError(f"dataset {name!r} has no labels, expected a labelled one: deval datasets")
        return labels

    def codes(self, index: np.ndarray) -> np.ndarray:
        """Image indices (any shape, ints) -> codes, shape `index.shape + (K,)`, float32."""
        self._encode(self._unknown(index))
        codes: np.ndarray = self._table[np.searchsorted(self._known, index)]
        return codes

    def _unknown(self, index: np.ndarray) -> np.ndarray:
        """Those of some images (any shape) that have no code yet, (n,), ascending."""
        asked = np.unique(index)
        if not self._known.size:
            return asked
        found = self._known.take(np.searchsorted(self._known, asked), mode="clip")
        unknown: np.ndarray = asked[found != asked]
        return unknown

    def _encode(self, index: np.ndarray) -> None:
        """Adds the codes of images that are not known yet; `index` (n,) ascends, as do the rows kept."""
        if not index.size:
            return
        table = np.empty((len(index), len(self.code)), dtype=np.float32)
        done = 0
        with evaluating(self._encoder):
            for batch, images in image_batches(self._encoder, self._images, index, self._batch_size):
                codes = self._encoder.encode(images).float().cpu().numpy()
                self._check(codes, len(batch))
                table[done : done + len(batch)] = codes
                done += len(batch)
        order = np.argsort(known := np.concatenate([self._known, index]))
        self._known, self._table = known[order], np.concatenate([self._table, table])[order]

    def _check(self, codes: np.ndarray, images: int) -> None:
        name = type(self._encoder).__name__
        expected = (images, len(self.code))
        if codes.shape != expected:
            raise DevalError(f"{name}.encode: received codes of shape {codes.shape}, expected {expected}")
        fault = _fault(codes, self.code)
        if fault:
            raise DevalError(f"{name}.encode: {fault}; score an earlier checkpoint of the run")


def load_code_table(path: Path) -> CodeTable:
    """The code table in an `.npz` file.

    Keys: `codes` (N, K) with `factor_sizes` (F,), in grid order (the last factor varies fastest), or `labels` (N,),
    the class of each image, or both; optional `factor_names` (F,), and `code_classes` (K,), the number of classes of a
    column that holds class indices 0, 1, ... and 0 for a column of real numbers. UsageError for a file that is none of
    this.
    """
    arrays = _read_arrays(path)
    missing = [] if "codes" in arrays else ["codes"]
    missing += [] if {"factor_sizes", "labels"} & set(arrays) else ["factor_sizes or labels"]
    if missing:
        received = ", ".join(sorted(arrays)) or "no arrays"
        raise UsageError(f"{path}: received {received}, expected {FILE_KEYS}; missing: {', '.join(missing)}")
    try:
        factors = _factor_space(arrays) if "factor_sizes" in arrays else None
        return CodeTable(arrays["codes"], factors, _code_dimensions(arrays), arrays.get("labels"))
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
    try:
        file = np.load(path, allow_pickle=False)
        if isinstance(file, np.ndarray):
            raise UsageError(f"{path}: received a single array, expected an .npz file with {FILE_KEYS}")
        with file:
            return {key: file[key] for key in file.files}
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file, expected an .npz file with {FILE_KEYS}") from None
    except (OSError, ValueError, RuntimeError, EOFError, MemoryError, zipfile.BadZipFile, zlib.error) as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise UsageError(f"{path}: not readable ({reason}), expected an .npz file with {FILE_KEYS}") from None


def _factor_space(arrays: dict[str, np.ndarray]) -> FactorSpace:
    sizes = _counts(arrays["factor_sizes"], "factor_sizes", least=1)
    names = arrays.get("factor_names", np.array([f"factor{i}" for i in range(len(sizes))]))
    if names.shape != (len(sizes),):
        raise UsageError(f"factor_names: received shape {names.shape}, expected {(len(sizes),)}, one a factor")
    return grid.FactorSpace(tuple(str(name) for name in names), sizes)


def _code_dimensions(arrays: dict[str, np.ndarray]) -> tuple[CodeDimension, ...] | None:
    if "code_classes" not in arrays:
        return None
    classes = _counts(arrays["code_classes"], "code_classes", least=0)
    return tuple(Categorical(n) if n else Continuous() for n in classes)


def _counts(values: np.ndarray, name: str, least: int) -> tuple[int, ...]:
    expected = f"a list of integers from {least}"
    if values.ndim != 1 or not values.size or not np.issubdtype(values.dtype, np.integer):
        raise UsageError(f"{name}: received {values.dtype} of shape {values.shape}, expected {expected}")
    if values.min() < least:
        raise UsageError(f"{name}: received {values.tolist()}, expected {expected}")
    return tuple(int(value) for value in values)


def _check_labels(labels: np.ndarray, rows: int) -> None:
    expected = f"integers from 0 of shape ({rows},), one a row of codes"
    if labels.shape != (rows,) or not np.issubdtype(labels.dtype, np.integer):
        raise UsageError(f"labels: received {labels.dtype} of shape {labels.shape}, expected {expected}")
    if labels.size and labels.min() < 0:
        raise UsageError(f"labels: received {labels.min()}, expected {expected}")


def _real_matrix(codes: np.ndarray) -> np.ndarray:
    codes = np.asarray(codes)
    if codes.ndim != 2 or not codes.shape[1]:
        raise UsageError(f"codes: received shape {codes.shape}, expected (N, K) with K of at least 1")
    if codes.dtype.kind not in "biuf":
        raise UsageError(f"codes: received dtype {codes.dtype}, expected real numbers")
    precision = np.float32 if codes.dtype == np.float32 else np.float64
    return np.ascontiguousarray(codes, dtype=precision)


def _fault(codes: np.ndarray, code: Sequence[CodeDimension]) -> str | None:
    """What makes these codes (n, K) unusable, if anything does."""
    broken = int((~np.isfinite(codes)).any(axis=1).sum())
    if broken:
        return f"received NaN or infinity in {broken} of {len(codes)} rows, expected finite numbers"
    for j, dimension in enumerate(code):
        if isinstance(dimension, Categorical):
            column = codes[:, j]
            strangers = column[(column != np.floor(column)) | (column < 0) | (column >= dimension.classes)]
            if strangers.size:
                return f"received {strangers[0]:g} in column {j}, expected a class from 0 to {dimension.classes - 1}"
    return None
