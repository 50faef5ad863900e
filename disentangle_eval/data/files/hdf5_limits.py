"""Arrays of HDF5 files of unknown origin: in the file itself, of sizes that it can hold, and read in finite time."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import h5py

from disentangle_eval.data.files.sizes import refuse_size
from disentangle_eval.errors import DevalError

DEADLINE = 60.0  # seconds
LARGEST_CHUNK = 2**30
_MOST_LINKS = 16


def dataset_inside(file: h5py.File, key: str) -> h5py.Dataset | None:
    """The array `key`, None where there is none.

    ValueError where its values are not in the file itself (external or virtual storage, a link to another file), and
    where it claims more bytes than the file holds.
    """
    _refuse_links_out(file, key)
    array = file.get(key)
    if not isinstance(array, h5py.Dataset):
        return None
    layout = array.id.get_create_plist()
    if layout.get_external_count() or array.is_virtual:
        raise ValueError(f"{key} has its values in other files")
    if array.shape is None:
        raise ValueError(f"{key} has no values")
    width = array.id.get_type().get_size()
    declared, stored = math.prod(array.shape) * width, array.id.get_storage_size()
    if array.chunks and math.prod(array.chunks) * width > LARGEST_CHUNK:
        raise ValueError(f"{key} is stored in chunks of {math.prod(array.chunks) * width} bytes")
    if layout.get_nfilters() == 0 and stored < declared:
        raise ValueError(f"{key} claims {declared} bytes, of which the file holds {stored}")
    if array.chunks and array.id.get_num_chunks() < math.prod(map(_chunks, array.shape, array.chunks)):
        raise ValueError(f"{key} is not stored as a whole")
    refuse_size(key, declared, min(stored, Path(file.filename).stat().st_size))
    return array


def refuse_endless(path: Path, keys: Iterable[str]) -> None:
    """DevalError where a damaged file makes HDF5's library loop or crash, tried in a process that can be ended.

    The library does not return to Python while it loops, so that an interrupt would not reach it here.
    """
    folder = str(Path(__file__).parents[3])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([folder, os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-P", "-m", "disentangle_eval.data.files.hdf5_probe", str(path.resolve()), *keys]
    expected = "a whole HDF5 file"
    try:
        ended = subprocess.run(command, env=environment, capture_output=True, timeout=DEADLINE, check=False)
    except subprocess.TimeoutExpired:
        received = f"a file that HDF5's library does not open within {DEADLINE:g} seconds"
        raise DevalError(f"{path}", received=received, expected=expected) from None
    if ended.returncode < 0:
        received = f"a file that makes HDF5's library crash (signal {-ended.returncode})"
        raise DevalError(f"{path}", received=received, expected=expected)


def _chunks(length: int, chunk: int) -> int:
    return -(-length // chunk)


def _refuse_links_out(file: h5py.File, key: str) -> None:
    """ValueError where a name leads to another file, also by way of links within this one."""
    parts, followed, links = [part for part in key.split("/") if part], "", 0
    while parts:
        name = f"{followed}/{parts.pop(0)}"
        link = file.get(name, getlink=True) if _has_link(file, name) else None
        if isinstance(link, h5py.ExternalLink):
            raise ValueError(f"{key} is a link to another file")
        if not isinstance(link, h5py.SoftLink):
            followed = name
            continue
        links += 1
        if links > _MOST_LINKS:
            raise ValueError(f"{key} is a link that leads nowhere")
        target = link.path if link.path.startswith("/") else f"{followed}/{link.path}"
        parts, followed = [part for part in target.split("/") if part and part != "."] + parts, ""


def _has_link(file: h5py.File, name: str) -> bool:
    """Whether there is a link of that name, which need not lead anywhere."""
    above, _, last = name.rpartition("/")
    group = file[above or "/"]
    return isinstance(group, h5py.Group) and group.get(last, getlink=True, default=None) is not None
