"""The kind of a source, recognised by its content rather than its name."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Literal

from disentangle_eval.errors import UsageError
from disentangle_eval.registry.lookup import load_registry
from disentangle_eval.runtime.files import with_home
from disentangle_eval.training.folder import RunFolder

SourceKind = Literal["checkpoint", "program", "weights", "table", "callable", "hub"]

EXPECTED = (
    "a checkpoint or run folder, an exported program (.pt2), TorchScript, ONNX, a table of codes (.npz, .npy, .csv, "
    ".parquet, .h5), module:callable of the working folder, or hf:NAME"
)

_CALLABLE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
TABLE_SUFFIXES = (".npz", ".npy", ".csv", ".parquet", ".h5")
_HEAD_BYTES = 4096
HUB = "hf:"

# The first bytes of files that hold tables.
_NUMPY, _HDF5, _PARQUET, _ZIP = b"\x93NUMPY", b"\x89HDF\r\n\x1a\n", b"PAR1", b"PK\x03\x04"


def refuse_missing(place: str) -> None:
    """`UsageError` where there is nothing of that name; looks at no contents."""
    if is_source(place):
        return
    if names_dataset(place):
        advice = "give the model first and the data set after it, on the command line as --dataset"
        raise UsageError("source", received=f"{place!r}, the name of a data set", expected=EXPECTED, advice=advice)
    received = f"{place!r}, which does not exist"
    raise UsageError("source", received=received, expected=EXPECTED, advice=python_name_advice(place))


def is_source(place: str) -> bool:
    """Whether a place may hold a source, by its name and whether there is such a file."""
    if place.startswith(HUB) or with_home(place).exists():
        return True
    return _CALLABLE.fullmatch(place) is not None and not names_dataset(place)


def names_dataset(text: str) -> bool:
    """Whether a text is the name of a data set, and not of a file or a module that is there."""
    name = re.split("[:?]", text, maxsplit=1)[0]
    if name not in load_registry().datasets or with_home(text).exists():
        return False
    if Path(f"{name}.py").is_file() or Path(name, "__init__.py").is_file():
        return False
    found = importlib.util.find_spec(name)
    return found is None or found.origin is None  # a folder without __init__.py has no origin


def python_name_advice(place: str) -> str:
    """How to name a callable of a Python file of the working folder whose path was written; empty for anything else."""
    path, _, attribute = place.partition(":")
    file = Path(path.removesuffix(".py") + ".py")
    if file.is_absolute() or not (path.endswith(".py") or file.is_file()):
        return ""
    name = f"{'.'.join(file.with_suffix('').parts)}:{attribute or 'NAME'}"
    return "" if name == place else f"write {name}, as Python imports it"


def kind_of(place: str) -> SourceKind:
    """The kind of the source at a place; `UsageError` where there is nothing that can be scored."""
    if place.startswith(HUB):
        return "hub"
    path = with_home(place)
    if path.is_dir():
        return "checkpoint"
    if path.is_file():
        if advice := python_name_advice(place):
            raise UsageError("source", received=f"the Python file {place!r}", expected=EXPECTED, advice=advice)
        return _kind_of_file(path)
    refuse_missing(place)
    return "callable"


def table_format(path: Path) -> Literal["npz", "npy", "h5", "parquet", "csv"] | None:
    """The format of a table of numbers; None for a file that is none."""
    head = _head(path)
    if head.startswith(_NUMPY):
        return "npy"
    if head.startswith(_HDF5):
        return "h5"
    if head.startswith(_PARQUET):
        return "parquet"
    if head.startswith(_ZIP):
        from zipfile import ZipFile

        try:
            with ZipFile(path) as archive:
                return "npz" if all(name.endswith(".npy") for name in archive.namelist()) else None
        except Exception:  # a damaged directory makes nearly every kind of error
            return None
    return "csv" if _is_csv(head) else None


def _kind_of_file(path: Path) -> SourceKind:
    if table_format(path):
        return "table"
    if path.suffix in TABLE_SUFFIXES:
        received = f"{str(path)!r}, which is empty, damaged or no {path.suffix} file"
        raise UsageError("source", received=received, expected="a table of codes (N, K), real numbers")
    run = RunFolder(path.parent)
    if path in (run.run_file, run.log, run.speed, run.results):
        received, advice = f"{str(path)!r}, which is about a run", f"give the run's folder, {str(run.root)!r}"
        raise UsageError("source", received=received, expected=EXPECTED, advice=advice)
    from disentangle_eval.runtime.programs import program_kind  # a table is read without torch

    contents = path.read_bytes()
    if program_kind(contents):
        return "program"
    return "weights" if _is_foreign_weights(path) else "checkpoint"


def _is_foreign_weights(path: Path) -> bool:
    """Whether a file of `torch.save` holds anything but a checkpoint of `deval train`; nothing in it is run."""
    import torch

    from disentangle_eval.checkpoint import FORMAT

    try:
        contents = torch.load(path, map_location="meta", weights_only=True)
    except Exception:  # opening it as a checkpoint says what is wrong with it
        return False
    return not isinstance(contents, dict) or contents.get("format") != FORMAT


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_HEAD_BYTES)
    except OSError as error:
        received = f"{str(path)!r} ({error.strerror or error})"
        raise UsageError("source", received=received, expected="a readable file") from None


def _is_csv(head: bytes) -> bool:
    """Whether a file begins with columns that are set apart, or with a number."""
    first = head.partition(b"\n")[0]
    try:
        text = first.decode("utf-8").strip()
    except UnicodeDecodeError:
        return False
    if text.startswith(("{", "[")):  # a line of JSON
        return False
    return text.replace("\t", ",").isprintable() and re.search(r"[,;\t]|^[-+.\d]", text) is not None
