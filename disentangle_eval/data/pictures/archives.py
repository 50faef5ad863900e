"""Pictures inside a tar or a zip, read without unpacking it to disk.

An archive is refused as a whole for a member that would be outside its folder, for a link or a device in a tar, and
for a picture that would be too large unpacked.
"""

from __future__ import annotations

import tarfile
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path, PurePosixPath

from disentangle_eval.data.pictures.decoding import MAX_BYTES, Span
from disentangle_eval.data.pictures.names import is_hidden, is_picture
from disentangle_eval.errors import DevalError

_ENCRYPTED = 0x1
_DAMAGED = (OSError, EOFError, ValueError, tarfile.TarError, zipfile.BadZipFile, zlib.error, NotImplementedError)


class _Archive(ABC):
    """The pictures of an archive, known by the names of its members."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def identity(self) -> str:
        return _identity(self.place)

    def names(self) -> list[str]:
        return sorted(name for name in self._members if is_picture(name))

    def others(self) -> list[str]:
        return sorted(name for name in self._members if not is_picture(name))

    @property
    @abstractmethod
    def _members(self) -> Mapping[str, object]: ...


class TarPictures(_Archive):
    """The pictures of a tar, plain or packed by gzip."""

    def contents(self, names: Sequence[str]) -> Iterator[tuple[int, Span | bytes]]:
        """Of a plain tar, where they are; of a packed one, their bytes in the order of the file."""
        in_order = sorted(enumerate(names), key=lambda item: self._members[item[1]].offset_data)
        if self._is_plain:
            for i, name in in_order:
                yield i, Span(self.place, self._members[name].offset_data, self._members[name].size)
            return
        with _reading(self.place), tarfile.open(self.place, "r:gz") as archive:
            for i, name in in_order:
                member = archive.extractfile(self._members[name])
                assert member is not None
                yield i, member.read()

    @cached_property
    def _is_plain(self) -> bool:
        with self.place.open("rb") as file:
            return file.read(2) != b"\x1f\x8b"

    @cached_property
    def _members(self) -> dict[str, tarfile.TarInfo]:
        members: dict[str, tarfile.TarInfo] = {}
        with _reading(self.place), tarfile.open(self.place, "r:" if self._is_plain else "r:gz") as archive:
            for member in archive:
                name = _safe_name(self.place, member.name)
                if not member.isdir() and (not member.isreg() or member.issparse()):
                    raise _refused(self.place, f"{member.name!r}, which is a link, a device or a sparse file")
                if member.isreg() and not is_hidden(name):
                    _check(self.place, name, member.size, members)
                    members[name] = member
        return members


class ZipPictures(_Archive):
    """The pictures of a zip."""

    def contents(self, names: Sequence[str]) -> Iterator[tuple[int, Span | bytes]]:
        """Their bytes, in the order of the file."""
        in_order = sorted(enumerate(names), key=lambda item: self._members[item[1]].header_offset)
        with _reading(self.place), zipfile.ZipFile(self.place) as archive:
            for i, name in in_order:
                with archive.open(self._members[name]) as member:
                    yield i, member.read()

    @cached_property
    def _members(self) -> dict[str, zipfile.ZipInfo]:
        members: dict[str, zipfile.ZipInfo] = {}
        with _reading(self.place), zipfile.ZipFile(self.place) as archive:
            for member in archive.infolist():
                # Some programs for Windows write its separator.
                named = member.filename.replace("\\", "/")
                name = _safe_name(self.place, named)
                if not named.endswith("/") and not is_hidden(name):
                    if member.flag_bits & _ENCRYPTED:
                        raise _refused(self.place, f"{name!r}, which is encrypted", "pictures without a password")
                    _check(self.place, name, member.file_size, members)
                    members[name] = member
        return members


def _identity(place: Path) -> str:
    status = place.stat()
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"


def _safe_name(place: Path, name: str) -> str:
    """A member's name without `./`; DevalError where it leads out of the archive."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts:
        raise _refused(place, f"{name!r}, which is outside of it")
    return str(PurePosixPath(name))


def _check(place: Path, name: str, size: int, others: Container[str]) -> None:
    if not is_picture(name):
        return
    if name in others:
        raise _refused(place, f"{name!r} twice")
    if size > MAX_BYTES:
        raise _refused(place, f"{name!r} of {size} bytes unpacked", f"at most {MAX_BYTES}")


@contextmanager
def _reading(place: Path) -> Iterator[None]:
    try:
        yield
    except _DAMAGED as error:
        received = getattr(error, "strerror", None) or error
        raise DevalError(f"{place}", received=received, expected="a whole archive", advice="get it again") from error


def _refused(place: Path, received: str, expected: str = "") -> DevalError:
    advice = "unpack the archive yourself and name the folder"
    return DevalError(f"{place}", received=f"the member {received}", expected=expected, advice=advice)
