"""Networks in files with their own code: TorchScript, exported programs (.pt2) and ONNX, recognised by content."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import logging
import os
import re
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from disentangle_eval.errors import DevalError, UsageError, describe

ProgramKind = Literal["TorchScript", "exported", "ONNX"]
Loaded = tuple[Callable[[Tensor], Any], str]

# The name under which a file of `deval export` keeps its settings as a source, written as after a "?".
SETTINGS = "deval-settings"

_LOG = logging.getLogger("disentangle_eval")

_FORCE_WEIGHTS_ONLY = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"
_OBJECT = re.compile(r"/(custom|opaque)_obj_")
# The fields with which an ONNX file begins: its version, then the producer's name, a domain, or the graph.
_ONNX_START = re.compile(rb"\x08[\x01-\x20](\x12|\x1a|\x22|\x3a|\x42)", re.DOTALL)

# Checksums of the programs that this process has said it runs.
_announced: set[str] = set()


@dataclass(frozen=True)
class Program:
    """A program on a device: `compute` maps a tensor on that device to whatever the program returns.

    `settings` is the text that `deval export` keeps in its files, empty for any other file.
    """

    name: str
    kind: ProgramKind
    sha256: str
    compute: Callable[[Tensor], Any]
    settings: str = ""


def program_kind(contents: bytes) -> ProgramKind | None:
    """The kind of program in a file, by its first bytes and the names in it; None for any other file."""
    if _ONNX_START.match(contents):
        return "ONNX"
    names = {name.partition("/")[2] for name in archive_names(contents)}
    return "TorchScript" if "constants.pkl" in names else "exported" if "archive_format" in names else None


def archive_names(contents: bytes) -> Sequence[str]:
    """The names in a zip archive; none where the file is no such archive."""
    try:
        return zipfile.ZipFile(io.BytesIO(contents)).namelist()
    except Exception:  # a damaged directory makes nearly every kind of error
        return ()


def load_program(what: str, path: Path, contents: bytes, kind: ProgramKind, device: torch.device) -> Program:
    """The program in a file, in eval mode on a device; that it is run is logged once.

    Nothing in the file is unpickled that is not plain data. `what` names the option or argument in errors: `UsageError`
    where ONNX is not installed, `DevalError` for a file that cannot be loaded.
    """
    checksum = hashlib.sha256(contents).hexdigest()
    if checksum not in _announced:
        _LOG.info("%s: running the %s program %s (sha256 %s)", what, kind, path.name, checksum[:12])
        _announced.add(checksum)
    load = {"TorchScript": _torchscript, "exported": _exported, "ONNX": _onnx}[kind]
    try:
        compute, settings = load(contents, device)
    except DevalError:
        raise
    except Exception as error:  # whatever a damaged file makes the reader raise
        raise DevalError(
            f"{what}: the {kind} program {str(path)!r} cannot be loaded ({describe(error)})",
            advice=f"save it again with torch {torch.__version__}" if kind != "ONNX" else "export it again",
        ) from None
    return Program(path.name, kind, checksum, compute, settings)


def _torchscript(contents: bytes, device: torch.device) -> Loaded:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        module: nn.Module = torch.jit.load(io.BytesIO(contents), map_location=device)
    return module.eval(), ""


def _exported(contents: bytes, device: torch.device) -> Loaded:
    from torch.export.passes import move_to_device_pass

    objects = [name for name in archive_names(contents) if _OBJECT.search(name)]
    if objects:
        raise ValueError(f"it holds the pickled object {objects[0]}, which could run code when read")
    stored = {SETTINGS: ""}
    with _weights_only(), without_log("torch.export"):
        program = torch.export.load(io.BytesIO(contents), extra_files=stored)
    module: nn.Module = move_to_device_pass(program, device).module()
    return module, stored[SETTINGS]


def _onnx(contents: bytes, device: torch.device) -> Loaded:
    if importlib.util.find_spec("onnxruntime") is None:
        raise UsageError(
            "ONNX: onnxruntime is not installed", advice="pip install 'disentangle-eval[onnx]', or onnxruntime alone"
        )
    import onnxruntime

    wanted = ["CUDAExecutionProvider"] if device.type == "cuda" else []
    present = onnxruntime.get_available_providers()
    providers = [provider for provider in (*wanted, "CPUExecutionProvider") if provider in present]
    session = onnxruntime.InferenceSession(contents, providers=providers)
    (first, *others) = session.get_inputs()
    if others:
        names = ", ".join(one.name for one in (first, *others))
        raise ValueError(f"it has the inputs {names}, expected one")

    outputs = [output.name for output in session.get_outputs()]

    def compute(x: Tensor) -> dict[str, Tensor]:
        array = np.ascontiguousarray(x.detach().cpu().numpy())
        found = zip(outputs, session.run(outputs, {first.name: array}), strict=True)
        return {name: torch.as_tensor(output).to(x.device) for name, output in found}

    return compute, session.get_modelmeta().custom_metadata_map.get(SETTINGS, "")


@contextmanager
def _weights_only() -> Iterator[None]:
    """`torch.export.load` unpickles whatever is no plain data, unless torch is set to refuse it."""
    before = os.environ.get(_FORCE_WEIGHTS_ONLY)
    os.environ[_FORCE_WEIGHTS_ONLY] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_FORCE_WEIGHTS_ONLY]
        else:
            os.environ[_FORCE_WEIGHTS_ONLY] = before


@contextmanager
def without_log(name: str) -> Iterator[None]:
    """Within, what torch logs under a name is not shown; it also raises it."""
    logger = logging.getLogger(name)
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before
