"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from disentangle_eval.errors import DevalError

EXPLANATION = {
    errno.ENOSPC: "the disk is full; free some space, then run the same command again",
    errno.EDQUOT: "the disk quota is used up; free some space, then run the same command again",
    errno.EFBIG: "the file would exceed the size allowed here; choose another folder with --out",
    errno.EACCES: "no permission to write there; choose another folder with --out",
    errno.EPERM: "no permission to write there; choose another folder with --out",
    errno.EROFS: "the file system is read-only; choose another folder with --out",
    errno.ENOTDIR: "part of the path is a file, not a folder; choose another folder with --out",
}


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turns the operating system's refusal to write `path` into one line that says what to do."""
    try:
        yield
    except OSError as error:
        reason = EXPLANATION.get(error.errno or 0, error.strerror or str(error))
        raise DevalError(f"cannot write {str(path)!r}: {reason}") from error


def make_folder(path: Path) -> None:
    """The folder, with its parents; `DevalError` where that is not allowed."""
    with writing(path):
        path.mkdir(parents=True, exist_ok=True)


def write_atomically(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Give `write` a temporary file beside `path`, flush it to disk and rename it; failures leave `path` as it was."""
    with replacing(path) as temporary, os.fdopen(os.open(temporary, os.O_WRONLY), "wb") as file:
        write(file)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """As `unfinished`; the operating system's refusals become one line that says what to do."""
    with writing(path), unfinished(path) as temporary:
        yield temporary


@contextlib.contextmanager
def unfinished(path: Path) -> Iterator[Path]:
    """A temporary file next to `path` that takes its place at the end of the block; failures leave `path` as it was."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".partial")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        _flush(temporary, os.O_RDWR)
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    with contextlib.suppress(OSError):  # the rename itself survives a power cut where a folder can be opened
        _flush(path.parent, os.O_RDONLY)


def _flush(path: Path, how: int) -> None:
    handle = os.open(path, how)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256(path: Path) -> str:
    """Checksum of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
