"""What a user writes for a data set: its name, its path, and its settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from disentangle_eval.errors import UsageError
from disentangle_eval.runtime.files import with_home


@dataclass(frozen=True)
class DatasetName:
    """`NAME`, `NAME:PATH`, `NAME?setting=value&setting=value` or all of it.

    `name` is a spec's; `place` is what was written behind the colon, a path or an identifier, else empty. There `%3F`
    is a question mark and `%25` a percent sign.
    """

    name: str
    place: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> Path | None:
        """The place as a path, the home folder expanded."""
        return with_home(self.place) if self.place else None

    @property
    def short(self) -> str:
        """A name fit for a folder: the spec's, with the last part of the place."""
        stem = re.sub(r"[^A-Za-z0-9]+", "-", Path(self.place).stem).strip("-").lower()
        return f"{self.name}-{stem}" if stem else self.name


def parse_dataset(text: str) -> DatasetName:
    """The parts of what was written; `UsageError` where a setting has no value, or the name is no text."""
    if not isinstance(text, str):
        raise UsageError(
            "dataset",
            received=f"a value of type {type(text).__name__}",
            expected="a name, such as 'dsprites'",
            advice="write arrays to a file with numpy.savez, and name it npz:FILE.npz",
        )
    named, _, query = text.partition("?")
    name, _, place = named.partition(":")
    settings = {}
    for pair in query.split("&") if query else []:
        setting, separator, value = pair.partition("=")
        if not separator or not setting:
            raise UsageError(
                "dataset",
                received=repr(text),
                expected="NAME?setting=value, settings joined by &",
                advice="write %3F for a question mark in a path" if place else "",
            )
        settings[setting.replace("-", "_")] = value
    return DatasetName(name, re.sub("%3F|%25", lambda code: unquote(code[0]), place, flags=re.IGNORECASE), settings)


def written_path(path: Path) -> str:
    """A path as it is written behind the name of a data set."""
    return str(path).replace("%", "%25").replace("?", "%3F")
