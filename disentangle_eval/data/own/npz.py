"""`npz:PATH`: images and what is known of them in an archive of numpy arrays. Nothing is unpickled."""

from __future__ import annotations

import lzma
import math
import zipfile
import zlib
from pathlib import Path

from disentangle_eval.data.dataset import ImageDataset
from disentangle_eval.data.files.npz_blocks import read_array, stored_array
from disentangle_eval.data.own.config import ArrayConfig
from disentangle_eval.data.own.known import known_of
from disentangle_eval.data.own.pixels import layout_of
from disentangle_eval.data.own.source import dataset_of, keys_in_file
from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.registry.specs import DatasetSpec

_BYTES_AT_ONCE = 1 << 24
_DAMAGED = (
    OSError,
    EOFError,
    ValueError,
    RuntimeError,
    NotImplementedError,
    MemoryError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
)


def load(spec: DatasetSpec, path: Path | None, cfg: ArrayConfig) -> ImageDataset:
    """The images of an npz with their factors and labels, as far as they are there; see `known_of` and `layout_of`.

    Needs the memory of the images as bytes. UsageError for a missing file and for arrays that are no data set,
    DevalError for a damaged file.
    """
    if path is None or not path.is_file():
        received = f"{path}, which is no file"
        raise UsageError(f"dataset {spec.name!r}", received=received, expected=f"{spec.name}:PATH")
    try:
        with zipfile.ZipFile(path) as archive:
            there = [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
            keys = keys_in_file(cfg, there)
            arrays = {what: read_array(archive, key) for what, key in keys.items() if what != "images"}
            with stored_array(archive, keys["images"]) as images:
                if images.by_columns:
                    raise UsageError(
                        "images", received="an array in Fortran order", expected="C order: numpy.ascontiguousarray"
                    )
                layout = layout_of(images.shape, images.dtype)
                known = known_of(arrays, images.shape[0], cfg.bins)
                at_once = max(1, _BYTES_AT_ONCE // (math.prod(images.shape[1:]) * images.dtype.itemsize))
                return dataset_of(f"{spec.name}@{path.name}", layout, images.blocks(at_once), images.shape[0], known)
    except UsageError as error:
        raise error.inside(str(path)) from None
    except _DAMAGED as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise DevalError(f"{path}", received=reason, expected="a whole npz, as numpy.savez writes it") from error
