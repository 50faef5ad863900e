"""The pictures of a folder or an archive, by name, and where the bytes of each are."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from disentangle_eval.data.pictures.archives import TarPictures, ZipPictures
from disentangle_eval.data.pictures.decoding import Span
from disentangle_eval.data.pictures.names import is_hidden, is_picture
from disentangle_eval.errors import DevalError, UsageError

TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz")
_EXPECTED = f"a folder, or a file that ends in {', '.join(TAR_SUFFIXES)} or .zip"


class Pictures(Protocol):
    """A place that holds picture files."""

    @property
    def place(self) -> Path: ...

    def identity(self) -> str:
        """What changes whenever the contents do, known without reading them."""

    def names(self) -> list[str]:
        """The relative names of all pictures in the order of the images, as a rule that of their characters.

        DevalError where they are not those expected, or cannot be read.
        """

    def others(self) -> list[str]:
        """The relative names of files that are passed over, hidden ones left out."""

    def contents(self, names: Sequence[str]) -> Iterator[tuple[int, Span | bytes]]:
        """Every named picture, with its position in `names`, in whatever order is read fastest."""


def open_pictures(place: Path) -> Pictures:
    """The pictures of a folder, of a tar or of a zip; `UsageError` for anything else."""
    try:
        mode = place.stat().st_mode
    except OSError as error:
        raise UsageError("pictures", received=f"{place}: {error.strerror}", expected=_EXPECTED) from None
    if stat.S_ISDIR(mode):
        return FolderPictures(place)
    if place.name.lower().endswith(TAR_SUFFIXES):
        return TarPictures(place)
    if place.suffix.lower() == ".zip":
        return ZipPictures(place)
    raise UsageError("pictures", received=f"the file {place}", expected=_EXPECTED)


class FolderPictures:
    """The pictures below a folder. Links to files are followed, links to folders are not."""

    def __init__(self, place: Path) -> None:
        self.place = place
        try:
            found = sorted(_walk(str(place)), key=lambda file: file.name)
        except OSError as error:
            received = f"{error.filename}: {error.strerror}"
            raise DevalError("pictures", received=received, expected="a folder you may read") from error

        self._files = {file.name: file for file in found if is_picture(file.name)}
        self._others = [file.name for file in found if not is_picture(file.name)]

    def identity(self) -> str:
        return "\n".join(f"{file.name}\0{file.size}\0{file.changed}" for file in self._files.values())

    def names(self) -> list[str]:
        return list(self._files)

    def others(self) -> list[str]:
        return self._others

    def contents(self, names: Sequence[str]) -> Iterator[tuple[int, Span | bytes]]:
        return ((i, Span(self.place / name, 0, self._files[name].size)) for i, name in enumerate(names))


@dataclass(frozen=True)
class _File:
    """`changed` are the times of its last change, nanoseconds: as programs set it, and as the system does."""

    name: str
    size: int
    changed: tuple[int, int]


def _walk(folder: str, below: str = "") -> Iterator[_File]:
    with os.scandir(folder) as entries:
        for entry in entries:
            name = below + entry.name
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(entry.path, f"{name}/")
            elif not is_hidden(name) and (file := _file(entry, name)):
                yield file


def _file(entry: os.DirEntry[str], name: str) -> _File | None:
    """None for what is no file, such as a pipe. What cannot be looked at is an error when it is read."""
    try:
        status = entry.stat()
    except OSError:
        return _File(name, 0, (0, 0))
    changed = (status.st_mtime_ns, status.st_ctime_ns)
    return _File(name, status.st_size, changed) if stat.S_ISREG(status.st_mode) else None
