"""Codes of foreign encoders on disk, so that a second metric does not encode the images again."""

from __future__ import annotations

import hashlib
import json
import logging
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from disentangle_eval.data.files.locations import cache_folder
from disentangle_eval.data.files.npz_blocks import read_array
from disentangle_eval.errors import DevalError
from disentangle_eval.runtime.files import make_folder, write_atomically

_LOG = logging.getLogger("disentangle_eval")


class KeptCodes:
    """The codes of some images, in a file of the cache folder that is named after everything they follow from."""

    def __init__(self, key: Mapping[str, Any]) -> None:
        digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()
        self.path: Path = cache_folder() / "codes" / f"{digest[:32]}.npz"

    def load(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Image indices (n,), ascending, and their codes (n, K); None where there are none or the file is damaged."""
        try:
            with zipfile.ZipFile(self.path) as file:
                return read_array(file, "index"), read_array(file, "codes")
        except FileNotFoundError:
            return None
        except Exception:  # damaged bytes make readers of archives raise nearly every kind
            _LOG.warning("cache file %s is damaged; encoding again", self.path)
            return None

    def store(self, index: np.ndarray, codes: np.ndarray) -> None:
        """Keep codes for the next time; where that is not possible, a warning is logged."""
        try:
            make_folder(self.path.parent)
            write_atomically(self.path, lambda file: np.savez(file, index=index, codes=codes))
        except DevalError as error:
            _LOG.warning("not kept for the next time: %s", error)
