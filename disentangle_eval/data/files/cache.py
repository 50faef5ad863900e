"""Arrays that are costly to make, kept on disk: written whole or not at all, checked whenever they are read."""

from __future__ import annotations

import functools
import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from disentangle_eval.errors import DevalError
from disentangle_eval.runtime.files import unfinished

_LOG = logging.getLogger("disentangle_eval")

_HEADER_BYTES = 4096

Key = str | Mapping[str, Any]


class CacheError(DevalError):
    """A file in the cache folder cannot be written."""


@dataclass(frozen=True)
class _Header:
    """The first bytes of a file, as JSON: `key` says what was made, `sha256` is the checksum of what follows."""

    key: Key
    dtype: str
    shape: list[int]
    sha256: str


def cached_array(path: Path, key: Key, make: Callable[[], np.ndarray | Iterable[np.ndarray]]) -> tuple[np.ndarray, str]:
    """The array kept in `path` under `key`, plain JSON data, and the sha256 of its bytes.

    It is made, and kept, where the file is absent, damaged or holds another key. `make` returns it whole, or in blocks
    of rows where it is too large for the memory. The array is a private mapping of the file: processes share its
    memory. CacheError if the file cannot be written.
    """
    kept = _read(path, key)
    if kept is None:
        made = make()
        needed = f"{made.nbytes >> 20} MiB" if isinstance(made, np.ndarray) else "enough space"
        try:
            _write(path, key, [made] if isinstance(made, np.ndarray) else made)
        except OSError as error:
            raise CacheError(
                f"cache file {path}",
                received=f"{error.strerror or error} while writing",
                expected=f"a writable folder with {needed} free",
                advice="set DEVAL_CACHE to another folder",
            ) from error
        kept = _read(path, key)
    if kept is None:
        raise CacheError(
            f"cache file {path}: what was read differs from what was just written",
            advice="set DEVAL_CACHE to another disk",
        )
    return kept


def path_of(folder: Path, key: Mapping[str, Any]) -> Path:
    """The file in which `cached_if_possible` keeps an array."""
    return folder / f"{hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:32]}.array"


def cached_if_possible(folder: Path, key: Mapping[str, Any], make: Callable[[], np.ndarray]) -> np.ndarray:
    """As `cached_array`, in a file of `folder` named after `key`; where it cannot be kept, a warning is logged."""
    path = path_of(folder, key)
    make_once = functools.cache(make)
    try:
        return cached_array(path, dict(key), make_once)[0]
    except CacheError as error:
        _LOG.warning("not kept for the next time: %s", error)
        return make_once()


def _read(path: Path, key: Key) -> tuple[np.ndarray, str] | None:
    try:
        with path.open("rb") as file:
            header = _Header(**_present_form(json.loads(file.read(_HEADER_BYTES))))
            if header.key != key:
                return None
            shape = tuple(header.shape)
            array = np.asarray(np.memmap(file, np.dtype(header.dtype), mode="c", offset=_HEADER_BYTES, shape=shape))
        if hashlib.sha256(array.data).hexdigest() != header.sha256:
            raise ValueError("checksum")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, TypeError, OverflowError):
        _LOG.warning("cache file %s is damaged or unreadable; making it again", path)
        return None
    return array, header.sha256


def _present_form(fields: dict[str, Any]) -> dict[str, Any]:
    """A header as it is written now; files of packed images had a form of their own once."""
    if "bytes_per_image" not in fields:
        return fields
    shape = [fields["images"], fields["bytes_per_image"]]
    return {"key": fields["key"], "dtype": "|u1", "shape": shape, "sha256": fields["sha256"]}


def _write(path: Path, key: Key, blocks: Iterable[np.ndarray]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    digest, rows, row, dtype = hashlib.sha256(), 0, (0,), "|u1"
    with unfinished(path) as temporary, temporary.open("r+b") as file:
        file.write(b" " * _HEADER_BYTES)
        for block in map(np.ascontiguousarray, blocks):
            file.write(block.data)
            digest.update(block.data)
            rows, row, dtype = rows + len(block), block.shape[1:], block.dtype.str
        file.seek(0)
        file.write(_encoded(_Header(key, dtype, [rows, *row], digest.hexdigest())))


def _encoded(header: _Header) -> bytes:
    encoded = json.dumps(asdict(header)).encode()
    if len(encoded) > _HEADER_BYTES:
        raise ValueError(f"key: received {len(encoded)} bytes with the rest of the header, expected {_HEADER_BYTES}")
    return encoded.ljust(_HEADER_BYTES)
