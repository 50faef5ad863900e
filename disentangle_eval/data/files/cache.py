"""A file that keeps packed images between runs: written whole or not at all, checked whenever it is read."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import uuid
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from disentangle_eval.errors import DevalError

_LOG = logging.getLogger("disentangle_eval")

_HEADER_BYTES = 4096


@dataclass(frozen=True)
class _Header:
    """The first bytes of the file, as JSON: `key` says what was packed, `sha256` is the checksum of what follows."""

    key: str
    images: int
    bytes_per_image: int
    sha256: str


def packed_images(
    path: Path, key: str, make: Callable[[], np.ndarray | Iterable[np.ndarray]]
) -> tuple[np.ndarray, str]:
    """The packed images kept in `path` under `key`, (N, bytes) uint8, and their sha256.

    They are made, and kept, where the file is absent, damaged or holds another key. `make` gives them whole, or block
    by block where they are too many for the memory. The array is a private mapping of the file: processes share its
    memory. DevalError if the file cannot be written.
    """
    kept = _read(path, key)
    if kept is None:
        made = make()
        needed = f"{made.nbytes >> 20} MiB" if isinstance(made, np.ndarray) else "enough space"
        try:
            _write(path, key, [made] if isinstance(made, np.ndarray) else made)
        except OSError as error:
            raise DevalError(
                f"cache file {path}: received {error.strerror or error} while writing, expected a writable folder "
                f"with {needed} free; set DEVAL_CACHE to another folder"
            ) from error
        kept = _read(path, key)
    if kept is None:
        raise DevalError(
            f"cache file {path}: what was read differs from what was just written; set DEVAL_CACHE to another disk"
        )
    return kept


def _read(path: Path, key: str) -> tuple[np.ndarray, str] | None:
    try:
        with path.open("rb") as file:
            header = _Header(**json.loads(file.read(_HEADER_BYTES)))
            if header.key != key:
                return None
            shape = (header.images, header.bytes_per_image)
            packed = np.asarray(np.memmap(file, dtype=np.uint8, mode="c", offset=_HEADER_BYTES, shape=shape))
        if _sha256(packed) != header.sha256:
            raise ValueError("checksum")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, TypeError, OverflowError):
        _LOG.warning("cache file %s is damaged or unreadable; making it again", path)
        return None
    return packed, header.sha256


def _write(path: Path, key: str, blocks: Iterable[np.ndarray]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{uuid.uuid4().hex}.tmp")
    digest, images, bytes_per_image = hashlib.sha256(), 0, 0
    try:
        with unfinished.open("xb") as file:
            file.write(b" " * _HEADER_BYTES)
            for block in map(np.ascontiguousarray, blocks):
                file.write(block.data)
                digest.update(block.data)
                images, bytes_per_image = images + len(block), block.shape[1]
            header = _Header(key, images, bytes_per_image, digest.hexdigest())
            file.seek(0)
            file.write(json.dumps(asdict(header)).encode().ljust(_HEADER_BYTES))
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def _sha256(packed: np.ndarray) -> str:
    return hashlib.sha256(packed.data).hexdigest()
