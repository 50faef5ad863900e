"""A data set as one HDF5 file: written whole or not at all, verified and mapped into memory when it is read.

`images` (N, C, H, W) uint8, or for black and white images `bits` (N, ceil(C * H * W / 8)) uint8, eight pixels per byte,
the first in the highest bit; `factor_sizes` (F,) of a full grid whose last factor varies fastest, or else `factors`
(N, F) classes, with `factor_names` (F,), and `factor_values` (N, F) where they are known and are not the classes;
`labels` (N,). Attributes say the format, its version, the data set's name, the shape of an image and the sha256 of the
images and of all the rest, those of the group `provenance` where they are from, with the data set's own sha256.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import torch
from torch import Tensor

from disentangle_eval.api import Dataset, Factors, ImageShape
from disentangle_eval.data.dataset import ImageDataset, labels_of
from disentangle_eval.data.factor_table import FactorTable, TableGrid, has_every_combination
from disentangle_eval.data.factors import FactorSpace, is_in_grid_order
from disentangle_eval.data.files.hdf5_limits import dataset_inside
from disentangle_eval.data.image_store import ImageStore
from disentangle_eval.data.images import BitImages, ByteImages
from disentangle_eval.errors import DevalError, warn
from disentangle_eval.runtime.files import replacing

FORMAT = "disentangle-eval images"
VERSION = 1

_REST = "sha256_of_the_rest"
_BLOCK_BYTES = 1 << 22
_PIXELS_AT_ONCE = 1 << 20
_LAYOUT_OF = ("v110", "v110")  # the oldest HDF5 in which blocks that are laid out early are contiguous


def write_packed(path: Path, data: Dataset, provenance: Mapping[str, str]) -> None:
    """Write a data set in main memory to `path`, images rounded to 256 levels, with where it is from.

    Needs the memory of a batch of images. A nuisance is kept as it is in `data.images`. The same data and provenance
    make the same file. DevalError where the file cannot be written.
    """
    # In the best case images take a bit per pixel: what cannot fit is refused before any is looked at.
    _check_space(path, len(data) * math.prod(data.shape) // 8)
    kind, shape, batches = _stored(data)
    _check_space(path, math.prod(shape))
    with replacing(path) as temporary:
        with _written_by_hdf5(temporary, "w") as file:
            offset = _lay_out(file, kind, shape)
            _describe(file, data, provenance)
        # The pixels go past the library, which does not survive a disk that fills up.
        sha256 = hashlib.sha256()
        with temporary.open("r+b") as opened:
            opened.seek(offset)
            for rows in batches:
                opened.write(rows.data)
                sha256.update(rows.data)
        with _written_by_hdf5(temporary, "r+") as file:
            file.attrs["sha256"] = sha256.hexdigest()
            file.attrs[_REST] = _sha256_of_the_rest(file)


def is_packed(file: h5py.File) -> bool:
    """Whether `write_packed` wrote a file."""
    return bool(file.attrs.get("format") == FORMAT)


def read_packed(path: Path, file: h5py.File) -> ImageDataset:
    """The data set that `write_packed` wrote to `path`, in the same order; its name has ` (packed)` behind it.

    Images are a private mapping of the file. DevalError where the checksum is another or the file a later version's;
    ValueError and KeyError where parts are missing or do not fit together.
    """
    if file.attrs["version"] != VERSION:
        received = f"version {file.attrs['version']} of the format"
        raise DevalError(f"{path}", received=received, expected=f"{VERSION}")
    shape = ImageShape(*(int(side) for side in file.attrs["image_shape"]))
    for key in file:
        dataset_inside(file, key)
    stored = file["bits" if "bits" in file else "images"]
    array = _mapped(path, stored)
    sha256 = hashlib.sha256(array.data).hexdigest()
    if sha256 != file.attrs["sha256"]:
        raise DevalError(
            f"{path}",
            received=f"images of sha256 {sha256}",
            expected=f"{file.attrs['sha256']}",
            advice="the file is damaged, pack it again",
        )
    images = torch.from_numpy(array)
    store: ImageStore = BitImages(images, shape) if "bits" in file else ByteImages(images)
    if store.shape != shape:
        raise ValueError(f"images of shape {tuple(store.shape)}, expected {tuple(shape)}")
    labels = file["labels"][()].astype(np.int64) if "labels" in file else None
    data = ImageDataset(f"{file.attrs['name']} (packed)", sha256, store, _factors(file), labels)
    _verify_the_rest(path, file)
    return data


def _verify_the_rest(path: Path, file: h5py.File) -> None:
    """DevalError where labels, factors, names or an attribute are not those that were written."""
    if _REST not in file.attrs:
        warn(
            f"{path}: carries no checksum of its labels and factors (an earlier version wrote it): damage would "
            "go unnoticed; pack it again"
        )
    elif file.attrs[_REST] != _sha256_of_the_rest(file):
        raise DevalError(
            f"{path}",
            received="labels, factors, names or attributes that are not those written (the checksum differs)",
            advice="the file is damaged, pack it again",
        )


def _sha256_of_the_rest(file: h5py.File) -> str:
    """Of everything but the pixels: arrays, their names, types and shapes, and all attributes."""
    parts: list[object] = [_attributes(file)]
    for key in sorted(file):
        found = file[key]
        parts.append((key, _attributes(found)))
        if isinstance(found, h5py.Dataset):
            parts.append((found.shape, found.dtype.str))
            if key not in ("bits", "images"):
                parts.append(found[()].tolist())
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _attributes(found: h5py.HLObject) -> list[tuple[str, object]]:
    return [(name, np.asarray(value).tolist()) for name, value in sorted(found.attrs.items()) if name != _REST]


@contextmanager
def _written_by_hdf5(path: Path, mode: str) -> Iterator[h5py.File]:
    """An open file; what the operating system refused the library raises OSError with its number."""
    try:
        with h5py.File(path, mode, libver=_LAYOUT_OF) as file:
            yield file
    except (OSError, RuntimeError) as error:
        # h5py keeps the system's number of a failed write nowhere but in the text of the library's error.
        number = re.search(r"errno = (\d+)", str(error))
        if number is None:
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1]))) from error


def _lay_out(file: h5py.File, name: str, shape: tuple[int, ...]) -> int:
    """Make the room for images, in blocks one after another from the byte returned on."""
    rows = min(shape[0], max(1, _BLOCK_BYTES // math.prod(shape[1:])))
    layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    layout.set_chunk((rows, *shape[1:]))
    layout.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    layout.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    images = file.create_dataset(name, shape, np.uint8, dcpl=layout)
    offset = _offset(images)
    if offset is None:
        received = "blocks of images that do not follow one another"
        raise DevalError("HDF5", received=received, expected="h5py 3.11 or later")
    return offset


def _offset(images: h5py.Dataset) -> int | None:
    """Where the images begin in their file as one run of bytes, or None where they are not one."""
    if images.chunks is None:
        offset: int | None = images.id.get_offset()
        return offset
    blocks = images.id.get_num_chunks()
    plain = images.id.get_create_plist().get_nfilters() == 0 and images.chunks[1:] == images.shape[1:]
    if not plain or blocks != math.ceil(len(images) / images.chunks[0]):
        return None
    # Of blocks between the first and the last, the checksum says whether they are in order.
    first, last = (images.id.get_chunk_info(block).byte_offset for block in (0, blocks - 1))
    return first if last - first == (blocks - 1) * math.prod(images.chunks) else None


def _mapped(path: Path, images: h5py.Dataset) -> np.ndarray:
    """The array stored, as a private mapping of the file where it is there as one run of bytes."""
    offset = None if images.file.userblock_size else _offset(images)
    if offset is None or images.dtype != np.uint8:
        return np.ascontiguousarray(images[()])
    return np.asarray(np.memmap(path, dtype=np.uint8, mode="c", offset=offset, shape=images.shape))


def _describe(file: h5py.File, data: Dataset, provenance: Mapping[str, str]) -> None:
    file.attrs["format"] = FORMAT
    file.attrs["version"] = VERSION
    file.attrs["name"] = data.name
    file.attrs["image_shape"] = tuple(data.shape)
    group = file.create_group("provenance")
    for key, value in {**provenance, "sha256": data.sha256}.items():
        group.attrs[key] = value
    if (labels := labels_of(data)) is not None:
        file["labels"] = labels
    if data.factors is None:
        return
    file["factor_names"] = list(data.factors.names)
    classes = data.factors.classes(np.arange(len(data)))
    if is_in_grid_order(data.factors):
        file["factor_sizes"] = np.array(data.factors.sizes, dtype=np.int64)
    else:
        file["factors"] = classes
    values = getattr(data.factors, "values", None)
    if values is not None and not np.array_equal(values, classes):
        file["factor_values"] = values


def _factors(file: h5py.File) -> Factors | None:
    if "factor_names" not in file:
        return None
    names = tuple(name.decode() for name in file["factor_names"][()])
    values = file["factor_values"][()] if "factor_values" in file else None
    if "factor_sizes" in file:
        return FactorSpace(names, tuple(int(size) for size in file["factor_sizes"]), values)
    table = FactorTable(names, file["factors"][()], values)
    return TableGrid(names, table.table, values) if has_every_combination(table) else table


def _stored(data: Dataset) -> tuple[str, tuple[int, ...], Iterator[np.ndarray]]:
    """What images are written as, `bits` or `images`, the shape of all of them, and the rows in order, uint8.

    What is in memory as it is written is taken as it is, so that its checksum stays.
    """
    store = data.store if type(data) is ImageDataset else None
    if isinstance(store, BitImages):
        return "bits", tuple(store.packed.shape), _slices(store.packed.numpy())
    if isinstance(store, ByteImages):
        return "images", tuple(store.pixels.shape), _slices(store.pixels.numpy())
    if all(bool(((images == 0) | (images == 1)).all()) for images in _batches(data)):
        shape = (len(data), math.ceil(math.prod(data.shape) / 8))
        return "bits", shape, (np.packbits(images.flatten(1).numpy() != 0, axis=1) for images in _batches(data))
    levels = ((255 * images).round().to(torch.uint8).contiguous().numpy() for images in _batches(data))
    return "images", (len(data), *data.shape), levels


def _slices(array: np.ndarray) -> Iterator[np.ndarray]:
    at_once = max(1, _BLOCK_BYTES // math.prod(array.shape[1:]))
    return (np.ascontiguousarray(array[start : start + at_once]) for start in range(0, len(array), at_once))


def _batches(data: Dataset) -> Iterator[Tensor]:
    at_once = max(1, _PIXELS_AT_ONCE // math.prod(data.shape))
    return (data.images(torch.arange(i, min(i + at_once, len(data)))) for i in range(0, len(data), at_once))


def _check_space(path: Path, needed: int) -> None:
    free = shutil.disk_usage(path.parent).free
    if needed > free:
        raise DevalError(
            f"cannot write {str(path)!r}",
            received=f"a disk with {free >> 20} MiB free",
            expected=f"at least {needed >> 20} MiB",
            advice="choose another folder",
        )
