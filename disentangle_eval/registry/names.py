"""What a user writes for a data set: its name, where it lies, and its settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from disentangle_eval.errors import UsageError


@dataclass(frozen=True)
class DatasetName:
    """`NAME`, `NAME:PATH`, `NAME?setting=value&setting=value` or all of it.

    `name` is a record's; `place` is what was written behind the colon, a path or an identifier, else empty.
    """

    name: str
    place: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> Path | None:
        """The place as a path, the home folder expanded."""
        return Path(self.place).expanduser() if self.place else None

    @property
    def short(self) -> str:
        """A name fit for a folder: the record's, with the last part of the place."""
        stem = re.sub(r"[^A-Za-z0-9]+", "-", Path(self.place).stem).strip("-").lower()
        return f"{self.name}-{stem}" if stem else self.name


def parse_dataset(text: str) -> DatasetName:
    """The parts of what was written; `UsageError` where a setting has no value."""
    named, _, query = text.partition("?")
    name, _, place = named.partition(":")
    settings = {}
    for pair in query.split("&") if query else []:
        setting, separator, value = pair.partition("=")
        if not separator or not setting:
            raise UsageError(f"dataset: received {text!r}, expected NAME?setting=value, settings joined by &")
        settings[setting.replace("-", "_")] = value
    return DatasetName(name, place, settings)
