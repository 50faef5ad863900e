"""A trained model as plain data in one file: written whole or not at all, read without running any of it."""

from __future__ import annotations

import io
import pickle
import warnings
import zipfile
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from disentangle_eval.errors import DevalError, UsageError, warn
from disentangle_eval.runtime.checksums import checksum
from disentangle_eval.runtime.files import write_atomically

FORMAT = "disentangle_eval checkpoint"
FORMAT_VERSION = 2
# Version 1 has no checksums.
FORMATS_READ = (1, 2)

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


KINDS: Mapping[str, Any] = {
    "model": dict,
    "config": dict,
    "data": dict,
    "seed": int,
    "iteration": int,
    "weights": dict,
    "train": dict | None,
    "versions": dict,
}

LARGEST_SIDE = 2**14
# Those of the built-in models take less than a tenth of these.
LARGEST_STRUCTURE = 4 * 2**20
MOST_ITEMS = 2**20
DEEPEST = 32


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """Everything a model is, and in `train` everything its training needs to go on (None in a kept snapshot).

    `model` holds name, distribution and version of the spec; never an import path. `data` holds dataset (its
    spec's name), name, sha256 and shape of the data set trained on.
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
    """Write a checkpoint atomically; equal checkpoints make equal files.

    `TypeError` where a value is not plain data and could not be read back.
    """
    contents = {"format": FORMAT, "format_version": FORMAT_VERSION, **vars(checkpoint)}
    refuse_unplain(contents)
    contents = canonical(contents, {})
    contents["checksums"] = {part: checksum(tree) for part, tree in parts_of(contents).items()}
    # In memory first: torch's writer hides the reason of a failed write.
    buffer = io.BytesIO()
    torch.save(contents, buffer)
    write_atomically(path, lambda file: file.write(buffer.getbuffer()))


def parts_of(contents: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of a checkpoint that have checksums of their own: weights, training state, and everything else."""
    large = {name: contents[name] for name in ("weights", "train")}
    return {**large, "rest": {key: item for key, item in contents.items() if key not in (*large, "checksums")}}


def canonical(value: Any, texts: dict[str, str]) -> Any:
    """The same tree of new containers, equal texts one object and every tensor the whole of its storage, on the CPU.

    Pickle writes an object that it meets again as a reference, so equal trees of other objects make other bytes.
    """
    if isinstance(value, dict):
        return {canonical(key, texts): canonical(item, texts) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)([canonical(item, texts) for item in value])
    if isinstance(value, Tensor):
        value = value.detach().cpu()
        return value if value.untyped_storage().nbytes() == value.nbytes else value.clone()
    return texts.setdefault(value, value) if isinstance(value, str) else value


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


def load(path: Path, *, train: bool = True) -> Checkpoint:
    """Read a checkpoint onto the CPU; nothing in the file is executed, and its checksums are verified.

    Without `train` the training state is left out, and not verified. `UsageError` where there is no such file,
    `DevalError` where it is not a whole checkpoint or its contents are not those that were saved; `DevalWarning` where
    it was written before checkpoints had checksums.
    """
    if not path.is_file():
        raise UsageError(
            f"checkpoint: no file {str(path)!r}", advice="`deval train` writes checkpoint.pt into its run folder"
        )
    try:
        refuse_inflated(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            contents = torch.load(path, map_location="cpu", weights_only=True)
        refuse_tangled(contents, path.stat().st_size)
    except Exception as error:  # whatever a damaged file makes the reader raise
        refusal, advice = _refusal(path, error)
        raise DevalError(
            f"checkpoint {str(path)!r}: {refusal}", expected="a file written by `deval train`", advice=advice
        ) from None
    checkpoint = _understood(path, contents)
    _verify(path, contents, [part for part in ("weights", "train", "rest") if train or part != "train"])
    return checkpoint if train else replace(checkpoint, train=None)


def refuse_inflated(path: Path) -> None:
    """`ValueError` for no archive, and for one that takes more memory than its size or has too long a structure."""
    if not _begins_as_archive(path):
        raise ValueError("no archive")
    with zipfile.ZipFile(path) as archive:
        for record in archive.infolist():
            if record.compress_type != zipfile.ZIP_STORED or record.file_size != record.compress_size:
                raise ValueError("a compressed record")
            if record.filename.endswith("/data.pkl") and record.file_size > LARGEST_STRUCTURE:
                raise ValueError("a structure too large for a checkpoint")


def refuse_tangled(contents: Any, size: int) -> None:
    """`ValueError` for contents of a file of that size in which one walks too long or too deep, or of larger tensors.

    Containers that hold each other several times take little memory, and no reader would come to their end.
    """
    items, storages, left = 0, {}, [(contents, 0)]
    while left:
        value, depth = left.pop()
        items += 1
        if items > MOST_ITEMS or depth > DEEPEST:
            raise ValueError("a structure too large for a checkpoint")
        if isinstance(value, dict):
            left += [(item, depth + 1) for pair in value.items() for item in pair]
        elif isinstance(value, list | tuple):
            left += [(item, depth + 1) for item in value]
        elif isinstance(value, Tensor):
            if value.layout != torch.strided or value.device.type != "cpu":
                raise ValueError("a tensor of another kind than a checkpoint's")
            memory = value.untyped_storage()
            storages[memory.data_ptr()] = memory.nbytes()
    if sum(storages.values()) > size:
        raise ValueError("tensors larger than their file")


def _verify(path: Path, contents: Mapping[str, Any], parts: Sequence[str]) -> None:
    if contents["format_version"] == 1:
        warn(f"checkpoint {str(path)!r} carries no checksums (an earlier version wrote it): damage would go unnoticed")
        return
    found: Any = contents.get("checksums")
    trees = parts_of(contents)
    try:
        damaged = [part for part in parts if found[part] != checksum(trees[part])]
    except Exception:  # damage may leave anything where a checksum or a tensor was
        damaged = list(parts)
    if damaged:
        names = {"weights": "weights", "train": "training state", "rest": "settings"}
        raise DevalError(
            f"checkpoint {str(path)!r}: damaged, not what was saved: the checksum of its "
            f"{' and '.join(names[part] for part in damaged)} differs",
            advice="use another checkpoint of the run",
        )


def _refusal(path: Path, error: Exception) -> tuple[str, str]:
    """Why a file was not read, and what to do about it."""
    if isinstance(error, OSError):
        return f"cannot be read ({error.strerror or error})", ""
    if isinstance(error, pickle.UnpicklingError) and _begins_as_archive(path):
        refusal = "refused, it holds more than plain data and tensors, which could run code when read"
        return refusal, "if it is a network that was saved whole, save it with torch.export or torch.jit.script"
    advice = "if it was one, an older snapshot of the run can be scored, in its folder snapshots, but not resumed"
    return "truncated, damaged or not a checkpoint", advice


def _begins_as_archive(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"


def _understood(path: Path, contents: Any) -> Checkpoint:
    if not isinstance(contents, dict) or contents.get("format") != FORMAT:
        raise DevalError(f"checkpoint {str(path)!r}: a torch file of another program", expected="one by `deval train`")
    version = contents.get("format_version")
    if version not in FORMATS_READ or isinstance(version, bool):
        raise DevalError(
            f"checkpoint {str(path)!r}: format version {version!r}, this release reads "
            f"{' and '.join(map(str, FORMATS_READ))}",
            advice="use the release that wrote it",
        )
    return whole(f"checkpoint {str(path)!r}", contents, "use another checkpoint of the run")


def whole(what: str, contents: Mapping[str, Any], advice: str) -> Checkpoint:
    """The checkpoint with these contents; `DevalError` with `what` and the advice where a part is missing or wrong."""
    wrong = [repr(key) for key, kind in KINDS.items() if key not in contents or not isinstance(contents[key], kind)]
    if not wrong:
        wrong = [f"{key}[{item!r}]" for key, item, kind in ITEMS if not isinstance(contents[key].get(item), kind)]
        wrong += [f"weights[{name!r}]" for name, value in contents["weights"].items() if not isinstance(value, Tensor)]
    if not wrong and not _is_image_shape(contents["data"]["shape"]):
        wrong = ["data['shape']"]
    if wrong:
        raise DevalError(
            f"{what}: damaged, {wrong[0]} is missing or not what it should be",
            advice=advice,
        )
    return Checkpoint(**{key: contents[key] for key in KINDS})


def _is_image_shape(shape: list[Any]) -> bool:
    return len(shape) == 3 and all(type(side) is int and 1 <= side <= LARGEST_SIDE for side in shape)
