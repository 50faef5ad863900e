"""A trained model as plain data in one file: written whole or not at all, read without running any of it."""

from __future__ import annotations

import io
import pickle
import warnings
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.runtime.files import write_atomically

FORMAT = "disentangle_eval checkpoint"
FORMAT_VERSION = 1

PLAIN = (str, int, float, bool, type(None))

# What every reader of a checkpoint relies on.
ITEMS = (
    ("model", "name", str),
    ("model", "distribution", str),
    ("model", "version", int),
    ("data", "dataset", str),
    ("data", "name", str),
    ("data", "sha256", str),
    ("data", "shape", list),
)


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """Everything a model is, and in `train` everything its training needs to go on (None in a kept snapshot).

    `model` holds name, distribution and version of the record; never an import path. `data` holds dataset (its
    record's name), name, sha256 and shape of the data set trained on.
    """

    model: Mapping[str, Any]
    config: Mapping[str, Any]
    data: Mapping[str, Any]
    seed: int
    iteration: int
    weights: Mapping[str, Tensor]
    train: Mapping[str, Any] | None
    versions: Mapping[str, str]


def save(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint atomically. `TypeError` where a value is not plain data and could not be read back."""
    contents = {"format": FORMAT, "format_version": FORMAT_VERSION, **vars(checkpoint)}
    refuse_unplain(contents)
    # In memory first: torch's writer hides the reason of a failed write.
    buffer = io.BytesIO()
    torch.save(contents, buffer)
    write_atomically(path, lambda file: file.write(buffer.getbuffer()))


def refuse_unplain(value: Any, where: str = "checkpoint") -> None:
    """`TypeError` naming the first value that `torch.load(weights_only=True)` would refuse."""
    if type(value) in (dict, OrderedDict):
        for key, item in value.items():
            if type(key) not in (str, int):
                raise TypeError(f"{where}: key {key!r} is a {type(key).__name__}, expected str or int")
            refuse_unplain(item, f"{where}[{key!r}]")
    elif type(value) in (list, tuple):
        for position, item in enumerate(value):
            refuse_unplain(item, f"{where}[{position}]")
    elif type(value) is not Tensor and type(value) not in PLAIN:
        raise TypeError(f"{where} is a {type(value).__name__}, expected plain data or a tensor")


def load(path: Path) -> Checkpoint:
    """Read a checkpoint onto the CPU; nothing in the file is executed."""
    if not path.is_file():
        raise UsageError(f"checkpoint: no file {str(path)!r}; `deval train` writes checkpoint.pt into its run folder")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            contents = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a damaged file makes the reader raise
        raise DevalError(
            f"checkpoint {str(path)!r}: {_refusal(path, error)}; expected a file written by `deval train`"
        ) from None
    return _understood(path, contents)


def _refusal(path: Path, error: Exception) -> str:
    if isinstance(error, OSError):
        return f"cannot be read ({error.strerror or error})"
    if isinstance(error, pickle.UnpicklingError) and _begins_as_archive(path):
        return "refused, it holds more than plain data and tensors, which could run code when read"
    return "truncated, damaged or not a checkpoint"


def _begins_as_archive(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"


def _understood(path: Path, contents: Any) -> Checkpoint:
    if not isinstance(contents, dict) or contents.get("format") != FORMAT:
        raise DevalError(f"checkpoint {str(path)!r}: a torch file of another program; expected one by `deval train`")
    version = contents.get("format_version")
    if version != FORMAT_VERSION:
        raise DevalError(
            f"checkpoint {str(path)!r}: format version {version!r}, this release reads {FORMAT_VERSION}; "
            "score it with the release that wrote it"
        )
    kinds = {
        "model": dict,
        "config": dict,
        "data": dict,
        "seed": int,
        "iteration": int,
        "weights": dict,
        "train": dict | None,
        "versions": dict,
    }
    wrong = [repr(key) for key, kind in kinds.items() if key not in contents or not isinstance(contents[key], kind)]
    if not wrong:
        wrong = [f"{key}[{item!r}]" for key, item, kind in ITEMS if not isinstance(contents[key].get(item), kind)]
        wrong += [f"weights[{name!r}]" for name, value in contents["weights"].items() if not isinstance(value, Tensor)]
    if wrong:
        raise DevalError(
            f"checkpoint {str(path)!r}: damaged, {wrong[0]} is missing or not what it should be; "
            "use another checkpoint of the run"
        )
    return Checkpoint(**{key: contents[key] for key in kinds})
