"""`hf:NAME`: a data set that the library `datasets` loads, where it is installed."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from disentangle_eval.data.dataset import ImageDataset
from disentangle_eval.data.own.config import HubConfig
from disentangle_eval.data.own.known import known_of
from disentangle_eval.data.own.pixels import layout_of
from disentangle_eval.data.own.source import dataset_of
from disentangle_eval.errors import DevalError, UsageError, describe
from disentangle_eval.registry.specs import DatasetSpec

_ROWS_AT_ONCE = 256
_AS_RGB = ("P", "PA", "LA", "RGBA", "CMYK", "YCbCr")


def load(spec: DatasetSpec, name: Path | None, cfg: HubConfig) -> ImageDataset:
    """One split of a data set, with its classes and factors, all images of one size; in memory as bytes.

    `name` is what `datasets.load_dataset` takes: a name on the hub or a folder. UsageError where the library is not
    installed, does not find the data set or a column is missing or of another kind.
    """
    if name is None:
        raise UsageError(f"dataset {spec.name!r}", received="no name", expected=f"{spec.name}:NAME")
    what = f"dataset '{spec.name}:{name}'"
    rows = _load_rows(str(name), what, cfg)
    try:
        return _dataset(f"{spec.name}@{name.name if name.is_absolute() else name}", rows, cfg)
    except UsageError as error:
        raise error.inside(what) from None
    except (OSError, ValueError, TypeError, MemoryError) as error:
        raise DevalError(what, received=describe(error), expected="readable images") from error


def _dataset(name: str, rows: Any, cfg: HubConfig) -> ImageDataset:
    factors = [column.strip() for column in cfg.factors.split(",") if column.strip()]
    labels = [cfg.label] if cfg.label in rows.column_names or (cfg.label and "label" in cfg.model_fields_set) else []
    missing = [column for column in (cfg.image, *factors, *labels) if column not in rows.column_names]
    if missing:
        received = f"the columns {', '.join(rows.column_names)}"
        advice = "name yours, as in image=COLUMN"
        raise UsageError("", received=received, expected=", ".join(missing), advice=advice)
    if not len(rows):
        raise UsageError("", received="no rows", expected="images")
    table = rows.select_columns([*factors, *labels])[:] if factors or labels else {}
    arrays = {}
    if factors:
        arrays["factors"] = np.stack([np.asarray(table[column]) for column in factors], axis=1)
        arrays["factor_names"] = np.array(factors)
    if labels:
        arrays["labels"] = np.asarray(table[cfg.label])
    known = known_of(arrays, len(rows), cfg.bins)
    first = next(_pictures(rows, cfg.image, 1))
    layout = layout_of((len(rows), *first.shape[1:]), first.dtype)
    return dataset_of(name, layout, _pictures(rows, cfg.image, _ROWS_AT_ONCE), len(rows), known)


def _load_rows(name: str, what: str, cfg: HubConfig) -> Any:
    try:
        load_dataset = importlib.import_module("datasets").load_dataset
    except (ImportError, AttributeError):  # a folder of that name counts as a module, an empty one
        advice = 'type: pip install "disentangle-eval[hf]"'
        raise UsageError(f"{what}: the library datasets is not installed", advice=advice) from None
    try:
        return load_dataset(name, cfg.subset or None, split=cfg.split)
    except Exception as error:  # whatever the library says of names, splits and the network
        advice = "check the name, its split and subset, and the network"
        raise UsageError(f"{what}: not loaded: {describe(error)}", advice=advice) from error


def _pictures(rows: Any, column: str, at_once: int) -> Iterator[np.ndarray]:
    """All images, some at a time, (B, H, W) or with channels."""
    images = rows.select_columns([column])
    shape: tuple[int, ...] | None = None
    for start in range(0, len(images), at_once):
        pictures = [_array(picture) for picture in images[start : start + at_once][column]]
        shape = shape or pictures[0].shape
        if other := next((picture.shape for picture in pictures if picture.shape != shape), None):
            raise UsageError(
                "",
                received=f"images of shapes {shape} and {other}",
                expected="one",
                advice="save them as files and use images:PATH, which resizes them",
            )
        yield np.stack(pictures)


def _array(picture: Any) -> np.ndarray:
    """A Pillow image, with a palette or transparency as RGB, or nested lists of numbers."""
    if getattr(picture, "mode", "L") in _AS_RGB:
        picture = picture.convert("RGB")
    array = np.asarray(picture)
    is_bytes = array.dtype.kind in "iu" and array.size and array.min() >= 0 and array.max() <= 255
    return array.astype(np.uint8) if is_bytes else array
