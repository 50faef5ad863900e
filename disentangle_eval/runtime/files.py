"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import glob
import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from disentangle_eval.errors import DevalError

# What the operating system's refusal means, and what to do about it.
_REFUSALS = {
    errno.ENOSPC: ("the disk is full", "free some space"),
    errno.EDQUOT: ("the disk quota is used up", "free some space"),
    errno.EFBIG: ("the file would exceed the size allowed here", "choose another folder"),
    errno.EACCES: ("no permission to write there", "choose another folder"),
    errno.EPERM: ("no permission to write there", "choose another folder"),
    errno.EROFS: ("the file system is read-only", "choose another folder"),
    errno.ENOTDIR: ("part of the path is a file, not a folder", "choose another folder"),
    errno.ENOENT: ("its folder is not there", "choose another folder"),
}

ABANDONED_SECONDS = 3600.0


class WriteError(DevalError):
    """A file that could not be written; `remedy` is what to do before trying again."""

    def __init__(self, path: Path, error: OSError) -> None:
        reason, self.remedy = _REFUSALS.get(error.errno or 0, (error.strerror or str(error), ""))
        again = f"{self.remedy}, then run the same command again" if self.remedy == "free some space" else self.remedy
        super().__init__(f"cannot write {str(path)!r}: {reason}", advice=again)


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn the operating system's refusal to write `path` into a `WriteError`, one line that says what to do."""
    try:
        yield
    except OSError as error:
        raise WriteError(path, error) from error


def with_home(path: str | os.PathLike[str]) -> Path:
    """A path with `~` written out; of a user that does not exist it stays as it is, and is found nowhere."""
    return Path(os.path.expanduser(path))  # noqa: PTH111


def make_folder(path: Path) -> None:
    """The folder, with its parents; `DevalError` where that is not allowed."""
    with writing(path):
        path.mkdir(parents=True, exist_ok=True)


def write_atomically(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Give `write` a temporary file next to `path`, flush it to disk and rename it; failures leave `path` unchanged."""
    with replacing(path) as temporary, os.fdopen(os.open(temporary, os.O_WRONLY), "wb") as file:
        write(file)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """As `unfinished`; the operating system's refusals become one line that says what to do."""
    with writing(path), unfinished(path) as temporary:
        yield temporary


@contextlib.contextmanager
def unfinished(path: Path) -> Iterator[Path]:
    """A temporary file next to `path` that takes its place at the end of the block; failures leave `path` as it was.

    Those that a crash left of the same `path` are removed, once nobody has written to them for an hour.
    """
    for leftover in path.parent.glob(f".{glob.escape(path.name)}.*.partial"):
        with contextlib.suppress(OSError):
            if time.time() - leftover.stat().st_mtime > ABANDONED_SECONDS:
                leftover.unlink()
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
