"""Whether a data set is there, from its spec alone: no data are read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from disentangle_eval.data.files.published import find_any
from disentangle_eval.registry.specs import DataFile, DatasetSpec

State = Literal["here", "drawn here", "missing", "your own", "unknown"]


@dataclass(frozen=True)
class Presence:
    """What is known of a data set: its files are `here`, or it is drawn without them, or some are `missing`.

    A data set whose path the user names is `your own`. One whose spec names no files is `unknown`.
    """

    state: State
    missing: tuple[DataFile, ...] = ()


def presence(spec: DatasetSpec, folder: Path | None) -> Presence:
    """What is there of a data set below the folder of data sets; DevalError where that may not be read."""
    if spec.takes_path:
        return Presence("your own")
    missing = tuple(file for file in spec.files if find_any(folder, file) is None)
    if spec.drawn and (missing or not spec.files):
        return Presence("drawn here", missing)
    if missing:
        return Presence("missing", missing)
    return Presence("here" if spec.files else "unknown")
