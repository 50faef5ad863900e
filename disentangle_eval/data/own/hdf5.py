"""`h5:PATH`: a file of `deval data pack`, or images and what is known of them in anybody's HDF5 file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

from disentangle_eval.data.dataset import ImageDataset
from disentangle_eval.data.files.hdf5_limits import dataset_inside, refuse_endless
from disentangle_eval.data.own.config import ArrayConfig
from disentangle_eval.data.own.known import known_of
from disentangle_eval.data.own.pixels import layout_of
from disentangle_eval.data.own.source import dataset_of, keys_in_file
from disentangle_eval.data.packed import is_packed, read_packed
from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.registry.specs import DatasetSpec

_BYTES_AT_ONCE = 1 << 24


def load(spec: DatasetSpec, path: Path | None, cfg: ArrayConfig) -> ImageDataset:
    """The images of an HDF5 file with their factors and labels, as far as they are there.

    A file of `deval data pack` is verified and mapped into memory; for any other see `known_of` and `layout_of`, and
    the images are read into memory as bytes. UsageError for a missing file and for arrays that are no data set,
    DevalError for a damaged file.
    """
    if path is None or not path.is_file():
        received = f"{path}, which is no file"
        raise UsageError(f"dataset {spec.name!r}", received=received, expected=f"{spec.name}:PATH")
    refuse_endless(path, _named(cfg))
    try:
        with h5py.File(path, "r") as file:
            if is_packed(file):
                if cfg.model_fields_set:
                    received = ", ".join(sorted(cfg.model_fields_set))
                    received = f"the settings {received}, but deval data pack wrote it"
                    raise UsageError("", received=received, advice="leave them out")
                return read_packed(path, file)
            return _load(f"{spec.name}@{path.name}", file, cfg)
    except UsageError as error:
        raise error.inside(str(path)) from None
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, MemoryError) as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise DevalError(f"{path}", received=reason, expected="a whole HDF5 file") from error


def _load(name: str, file: h5py.File, cfg: ArrayConfig) -> ImageDataset:
    there = [name for name in _names(file, cfg) if dataset_inside(file, name) is not None]
    keys = keys_in_file(cfg, there)
    arrays = {what: file[key][()] for what, key in keys.items() if what != "images"}
    images = file[keys["images"]]
    layout = layout_of(images.shape, images.dtype)
    known = known_of({what: _as_array(array) for what, array in arrays.items()}, len(images), cfg.bins)
    return dataset_of(name, layout, _rows(images), len(images), known)


def _names(file: h5py.File, cfg: ArrayConfig) -> set[str]:
    """What is at the top, and what the settings name, which may be in a group."""
    return {*file, *_named(cfg)}


def _named(cfg: ArrayConfig) -> tuple[str, ...]:
    return tuple(name for name in (cfg.images, cfg.factors, cfg.labels) if name)


def _as_array(values: object) -> np.ndarray:
    """Texts come as objects that hold bytes."""
    array = np.asarray(values)
    if array.dtype == object and all(isinstance(value, bytes) for value in array.flat):
        return array.astype(np.bytes_)
    return array


def _rows(images: h5py.Dataset) -> Iterator[np.ndarray]:
    """All images, some at a time, a whole number of the blocks they are stored in."""
    block = images.chunks[0] if images.chunks else 1
    row = max(1, images.dtype.itemsize * int(np.prod(images.shape[1:])))
    at_once = block * max(1, _BYTES_AT_ONCE // (block * row))
    for start in range(0, len(images), at_once):
        yield images[start : start + at_once]
