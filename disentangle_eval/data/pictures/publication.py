"""The pictures of a published set: as many as there should be, in an archive with the published checksum."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from disentangle_eval.data.files.published import check, require_any
from disentangle_eval.data.pictures.decoding import Span
from disentangle_eval.data.pictures.finding import open_pictures
from disentangle_eval.errors import DevalError
from disentangle_eval.registry.specs import DatasetSpec


class PublishedPictures:
    """The pictures of a data set below the folder of data sets, from its one file or what serves instead of it.

    Their names come in the order `sort` gives, once the archive's checksum and the number of images in `spec` are found
    right; with `partial` any number is. `UsageError` where nothing is there.
    """

    def __init__(
        self,
        spec: DatasetSpec,
        folder: Path | None,
        *,
        partial: bool,
        sort: Callable[[list[str]], list[str]] = sorted,
    ) -> None:
        self.place, self._file = require_any(folder, spec.name, spec.files[0])
        self._pictures = open_pictures(self.place)
        self._what, self._count, self._sort = spec.name, 0 if partial else spec.images, sort

    def identity(self) -> str:
        return f"{self._file.checksum} {self._count}\n{self._pictures.identity()}"

    def names(self) -> list[str]:
        if self.place.is_file():
            check(self.place, self._file)
        names = self._pictures.names()
        if self._count and len(names) != self._count:
            raise DevalError(
                f"dataset {self._what!r}",
                received=f"{len(names):,} pictures in {self.place}",
                expected=f"{self._count:,}",
                advice=f"get the set again, or use what is there with {self._what}?partial=true",
            )
        return self._sort(names)

    def others(self) -> list[str]:
        return []  # what the makers put next to their pictures is known

    def contents(self, names: Sequence[str]) -> Iterator[tuple[int, Span | bytes]]:
        return self._pictures.contents(names)
