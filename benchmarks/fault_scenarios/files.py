"""Damaged copies of a file of every format, read in a process that may crash or loop."""

from __future__ import annotations

import json
import os
import random
import select
import signal
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import h5py
import numpy as np
import torch

from disentangle_eval.checkpoint import load as load_checkpoint
from disentangle_eval.config import build
from disentangle_eval.data.files import hdf5_limits
from disentangle_eval.data.own import hdf5, npz
from disentangle_eval.data.own.config import ArrayConfig
from disentangle_eval.data.packed import write_packed
from disentangle_eval.data.sets import own_data
from disentangle_eval.errors import DevalError
from disentangle_eval.metrics.code_arrays import code_table
from disentangle_eval.runtime.checksums import checksum
from disentangle_eval.runtime.json_lines import read_lines
from disentangle_eval.sources.tables import read_table
from disentangle_eval.training.folder import RunFolder
from fault_scenarios.processes import FAULT, REFUSED, Outcome, in_a_child, killed_after
from fault_scenarios.runs import train

DEADLINE = 30.0  # seconds for one file
OWN = {spec.name: spec for spec in own_data.DATASETS}
Read = Callable[[Path], str]


def make_files(folder: Path, data: Path) -> dict[str, tuple[Path, Read, bool]]:
    """A file of every format, how it is read, and whether checksums promise that it is read as it was saved."""
    run = folder / "run"
    assert in_a_child(lambda: train(data, run)) == 0
    rng = np.random.default_rng(0)
    codes = folder / "codes.npz"
    np.savez_compressed(codes, codes=rng.normal(size=(60, 3)), factor_sizes=[3, 4, 5])
    own = folder / "own.h5"
    with h5py.File(own, "w") as file:
        file.create_dataset("images", data=rng.integers(256, size=(8, 8, 8), dtype=np.uint8), compression="gzip")
        file["labels"] = np.arange(8)
    packed = folder / "packed.h5"
    write_packed(packed, npz.load(OWN["npz"], data, build(ArrayConfig, {})), {"from": "noise"})
    results = folder / "results.jsonl"
    results.write_text("".join(json.dumps({"metric": "mig", "value": i / 7}) + "\n" for i in range(5)))
    return {
        "checkpoint": (RunFolder(run).checkpoint, _checkpoint, True),
        "codes.npz": (codes, _codes, True),
        "images.npz": (data, lambda path: _images(npz, "npz", path), True),
        "h5": (own, lambda path: _images(hdf5, "h5", path), False),
        "packed h5": (packed, lambda path: _images(hdf5, "h5", path), True),
        "run.json": (RunFolder(run).run_file, lambda path: str(RunFolder(path.parent).read_run()), False),
        "results.jsonl": (results, lambda path: str(read_lines(path).records), False),
    }


def _probed(path: Path) -> None:
    """Read a file as a command does, which first tries it in another process."""
    killed_after(3 * DEADLINE)
    hdf5_limits.refuse_endless(path, ())
    _images(hdf5, "h5", path)


def _checkpoint(path: Path) -> str:
    return checksum(vars(load_checkpoint(path)))


def _codes(path: Path) -> str:
    table = code_table(read_table(path))
    return checksum([torch.from_numpy(table.codes(np.arange(len(table)))), list(table.factors.sizes)])


def _images(module: Any, kind: str, path: Path) -> str:
    with patch.object(hdf5, "refuse_endless", lambda *_: None):  # this process is one that can be ended
        data = module.load(OWN[kind], path, build(ArrayConfig, {}))
    return checksum([data.images(torch.arange(len(data))), None if data.labels is None else data.labels.tolist()])


def mutations(whole: bytes, count: int, rng: random.Random) -> Iterator[bytes]:
    """Copies with a flipped bit, some other bytes, a run of zeros, a part copied, the end or a part missing."""
    for number in range(count):
        damaged = bytearray(whole)
        place = rng.randrange(len(whole))
        if number % 6 == 0:
            damaged[place] ^= 1 << rng.randrange(8)
        elif number % 6 == 1:
            for _ in range(rng.randint(1, 8)):
                damaged[rng.randrange(len(whole))] = rng.randrange(256)
        elif number % 6 == 2:
            end = min(place + rng.randint(1, 64), len(whole))
            damaged[place:end] = bytes(end - place)
        elif number % 6 == 3:
            other = rng.randrange(len(whole))
            damaged[place : place + 16] = whole[other : other + 16]
        elif number % 6 == 4:
            del damaged[place:]
        else:
            del damaged[place : place + rng.randint(1, 64)]
        yield bytes(damaged)


def read_mutated(name: str, path: Path, read: Read, promised: bool, count: int, seed: int) -> Counter[Outcome]:
    """Read mutated copies of a file in a process of their own, which is started again where one ends it."""
    expected, whole, rng = read(path), path.read_bytes(), random.Random(f"{seed} {name}")
    left = list(mutations(whole, count, rng))
    found: Counter[Outcome] = Counter()
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / path.name
        while left:
            left = left[_read_all(left, copy, read, expected, promised, found) :]
    return found


def _read_all(
    files: list[bytes], copy: Path, read: Read, expected: str, promised: bool, found: Counter[Outcome]
) -> int:
    """How many of the files were tried; all but the last of them without an end of the process."""
    ours, theirs = os.pipe()
    child = os.fork()
    if not child:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for contents in files:
                copy.write_bytes(contents)
                os.write(theirs, _outcome(copy, read, expected, promised).encode()[:256].ljust(256, b"\0"))
        os._exit(0)
    os.close(theirs)
    tried = 0
    while tried < len(files):
        ready, _, _ = select.select([ours], [], [], DEADLINE)
        answer = os.read(ours, 256) if ready else b""
        tried += 1
        if len(answer) < 256:
            os.kill(child, signal.SIGKILL)
            copy.write_bytes(files[tried - 1])
            refused = copy.suffix == ".h5" and in_a_child(partial(_probed, copy)) == REFUSED
            how = "crashed" if ready else "did not end"
            found[f"{how} in HDF5's library, refused in one line" if refused else f"{FAULT}{how}"] += 1
            break
        found[answer.rstrip(b"\0").decode()] += 1
    os.waitpid(child, 0)
    os.close(ours)
    return tried


def _outcome(copy: Path, read: Read, expected: str, promised: bool) -> Outcome:
    try:
        same = read(copy) == expected
    except DevalError as error:
        return f"{FAULT}an error of several lines" if "\n" in str(error) else "refused in one line"
    except BaseException as error:
        return f"{FAULT}{type(error).__name__}"
    if same:
        return "read as it was saved"
    return f"{FAULT}read with other contents" if promised else "read with other contents (no checksum)"
