"""The files of a data set as its makers publish them: where they are, and whether they are the right ones."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from disentangle_eval.errors import DevalError, UsageError, describe
from disentangle_eval.registry.specs import DataFile


def find(folder: Path | None, file: DataFile) -> Path | None:
    """Where a file is below the folder of data sets, or None; `folder` may also be that file itself.

    DevalError where the folder may not be read.
    """
    if folder is None:
        return None
    paths = [Path(path) for path in (file.path, *file.also)]
    try:
        if folder.is_file():
            return folder if folder.name in [path.name for path in paths] else None
        return next((folder / path for path in paths if _is_there(folder / path, file)), None)
    except OSError as error:
        raise DevalError(
            "data folder", received=f"{folder}: {error.strerror}", expected="a folder you may read"
        ) from error


def _is_there(path: Path, file: DataFile) -> bool:
    """Whether a path is there; where a checksum or size is known, it must be a file, not a folder of that name."""
    return path.is_file() if file.checksum or file.size else path.exists()


def find_any(folder: Path | None, file: DataFile) -> tuple[Path, DataFile] | None:
    """As `find`, the file itself or else one of those that serve instead of it, and which of them it is."""
    found = ((find(folder, form), form) for form in (file, *file.instead))
    return next(((path, form) for path, form in found if path), None)


def require(folder: Path | None, name: str, file: DataFile) -> Path:
    """Where a file of the data set `name` is; `UsageError` that says how to get it where it is not there."""
    if found := find(folder, file):
        return found
    fetch = f"type: deval data fetch {name} --data-dir"
    if folder is None:
        advice = f"{fetch} FOLDER, and name that folder here too, with --data-dir or DEVAL_DATA"
        raise UsageError(f"dataset {name!r}", received="no data folder", advice=advice)
    raise UsageError(
        f"dataset {name!r}",
        received=f"{folder}, which has no {file.path}",
        advice=f"{fetch} {shlex.quote(str(folder))}, or put the file there",
    )


def require_any(folder: Path | None, name: str, file: DataFile) -> tuple[Path, DataFile]:
    """As `require`, the file itself or else one of those that serve instead of it, and which of them it is."""
    return find_any(folder, file) or (require(folder, name, file), file)


def identity(path: Path, file: DataFile) -> str:
    """What identifies the contents of a file without reading it: expected checksum, size, mtime and ctime.

    No program can set the ctime. The system also renews it at a chmod, a rename or a hard link, after which the data
    set is read anew.
    """
    status = path.stat()
    return f"{file.checksum} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"


@contextmanager
def reading(path: Path, expected: str) -> Iterator[None]:
    """Turns whatever the library that reads `path` raises on a damaged file into one line; `DevalError` passes."""
    try:
        yield
    except (DevalError, MemoryError):
        raise
    except Exception as error:  # readers of archives and matrices raise nearly every kind on damaged bytes
        raise damaged(path, describe(error), expected) from error


def damaged(path: Path, received: str, expected: str) -> DevalError:
    """The error for a file that is not what was published."""
    return DevalError(f"{path}", received=received, expected=expected, advice="fetch the file again")


def checksum(path: Path, algorithm: str) -> str:
    """`"md5:..."` or `"sha256:..."` of a file's bytes."""
    with path.open("rb") as opened:
        digest = hashlib.file_digest(opened, lambda: hashlib.new(algorithm, usedforsecurity=False))
    return f"{algorithm}:{digest.hexdigest()}"


def check(path: Path, file: DataFile) -> None:
    """`DevalError` where a file has another size or checksum than published; nothing is known to be wrong otherwise."""
    size = path.stat().st_size
    if file.size and size != file.size:
        raise damaged(path, f"{size} bytes", f"{file.size}")
    if file.checksum:
        received = checksum(path, file.checksum.partition(":")[0])
        if received != file.checksum:
            raise damaged(path, received, file.checksum)
