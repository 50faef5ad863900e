"""Arrays that are costly to make, kept on disk: written whole or not at all, checked whenever they are read."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from disentangle_eval.errors import DevalError
from disentangle_eval.runtime.files import make_folder, write_atomically

_LOG = logging.getLogger("disentangle_eval")

_HEADER_BYTES = 4096


@dataclass(frozen=True)
class _Header:
    """The first bytes of a file, as JSON: `key` says what was made, `sha256` is the checksum of what follows."""

    key: dict[str, Any]
    dtype: str
    shape: list[int]
    sha256: str


def kept_array(folder: Path, key: Mapping[str, Any], make: Callable[[], np.ndarray]) -> np.ndarray:
    """The array that `key`, plain JSON data, stands for: read from `folder`, or made and kept there.

    It is made again where its file is damaged or of another key. Where it cannot be kept a warning is logged and the
    array is returned all the same. What is read is a private mapping of the file and takes no memory of its own.
    """
    path = folder / f"{_digest(json.dumps(key, sort_keys=True).encode())[:32]}.array"
    kept = _read(path, dict(key))
    if kept is not None:
        return kept
    made = np.ascontiguousarray(make())
    header = _Header(dict(key), made.dtype.str, list(made.shape), _digest(made.data))
    try:
        make_folder(folder)
        write_atomically(path, lambda file: (file.write(_encoded(header)), file.write(made.data)))
    except DevalError as error:
        _LOG.warning("not kept for the next time: %s", error)
        return made
    kept = _read(path, dict(key))
    return made if kept is None else kept


def _read(path: Path, key: dict[str, Any]) -> np.ndarray | None:
    try:
        with path.open("rb") as file:
            header = _Header(**json.loads(file.read(_HEADER_BYTES)))
            if header.key != key:
                return None
            shape = tuple(header.shape)
            array = np.memmap(file, dtype=np.dtype(header.dtype), mode="c", offset=_HEADER_BYTES, shape=shape)
        if _digest(array.data) != header.sha256:
            raise ValueError("checksum")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, TypeError, OverflowError):
        _LOG.warning("cache file %s is damaged or unreadable; making it again", path)
        return None
    return np.asarray(array)


def _encoded(header: _Header) -> bytes:
    encoded = json.dumps(asdict(header)).encode()
    if len(encoded) > _HEADER_BYTES:
        raise ValueError(f"key: received {len(encoded)} bytes with the rest of the header, expected {_HEADER_BYTES}")
    return encoded.ljust(_HEADER_BYTES)


def _digest(data: bytes | memoryview) -> str:
    return hashlib.sha256(data).hexdigest()
