"""Names of picture files: which are taken, and the class that a folder means."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

import numpy as np

from disentangle_eval.errors import UsageError

_FORMATS = "jpg jpeg jpe jfif png bmp gif tif tiff webp ppm pgm pbm pnm"
SUFFIXES = frozenset(f".{suffix}" for suffix in _FORMATS.split())


def is_picture(name: str) -> bool:
    """Whether a file is taken for a picture: by its suffix, unless it is hidden."""
    return not is_hidden(name) and PurePosixPath(name).suffix.lower() in SUFFIXES


def is_hidden(name: str) -> bool:
    """Whether a file or a folder above it is hidden (`.name`), or it is what macOS puts into archives."""
    return name.startswith((".", "__MACOSX/")) or "/." in name


def folder_classes(names: Sequence[str]) -> np.ndarray:
    """The class of each picture, (N,) int64: its folder's rank among those at the first level where folders differ.

    `UsageError` where all pictures are in one folder or some are next to the folders.
    """
    folders = [PurePosixPath(name).parent.parts for name in names]
    first, last = min(folders), max(folders)
    shared = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    outside = next((name for name, folder in zip(names, folders, strict=True) if len(folder) == shared), None)
    if outside is not None:
        raise UsageError(
            "labels",
            received=f"'folder', but {outside} is in no folder of a class",
            expected="every picture in one of two or more folders",
            advice="leave labels out",
        )
    classes = np.unique([folder[shared] for folder in folders], return_inverse=True)[1]
    return classes.astype(np.int64)


def pack_names(names: Sequence[str]) -> np.ndarray:
    """Names -> (N, longest) uint8, filled up with zeros."""
    encoded = [name.encode(errors="surrogateescape") for name in names]
    longest = max(len(name) for name in encoded)
    rows = b"".join(name.ljust(longest, b"\0") for name in encoded)
    return np.frombuffer(rows, dtype=np.uint8).reshape(len(names), longest)


def unpack_names(packed: np.ndarray) -> list[str]:
    """What `pack_names` was given."""
    return [row.tobytes().rstrip(b"\0").decode(errors="surrogateescape") for row in packed]
