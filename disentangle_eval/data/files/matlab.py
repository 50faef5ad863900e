"""Arrays in MATLAB's .mat files of version 5."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import numpy as np
import scipy.io

from disentangle_eval.data.files.published import damaged, reading


def read_variable(path: Path, variable: str, shape: tuple[int, ...], contents: BinaryIO | None = None) -> np.ndarray:
    """One variable of a file, uint8 of exactly `shape`; the others are skipped.

    `contents` is the file where it is inside the archive `path`. DevalError where it cannot be read, lacks the
    variable or holds another type or shape.
    """
    expected = f"a MATLAB file with {variable}, uint8 of shape {shape}"
    with reading(path, expected):
        array = scipy.io.loadmat(contents or str(path), variable_names=[variable], appendmat=False).get(variable)
    if not isinstance(array, np.ndarray):
        raise damaged(path, f"no {variable}", expected)
    if array.dtype != np.uint8 or array.shape != shape:
        raise damaged(path, f"{array.dtype} of shape {array.shape}", expected)
    return array
