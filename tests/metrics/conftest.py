import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from code_tables import load_code_table

from disentangle_eval.api import Scores
from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.metrics.subject import CodeTable

_SCORES: dict[tuple[Path, str, str], Mapping[str, Any]] = {}


@dataclass(frozen=True)
class GoldenCase:
    """A table of codes, and what the reference implementation reports for it."""

    file: Path
    seed: int
    scores: dict[str, dict[str, float]]

    def subject(self) -> tuple[CodeTable, int]:
        """The table, and the seed that the reference was run with."""
        return load_code_table(self.file), self.seed

    def score(self, name: str, protocol: str, run: Callable[[], Scores]) -> Mapping[str, Any]:
        """A metric's values on this table, found once for all tests."""
        key = (self.file, name, protocol)
        if key not in _SCORES:
            _SCORES[key] = run().values
        return _SCORES[key]


@pytest.fixture(params=["mixed", "axis", "dead", "random"])
def golden(request: pytest.FixtureRequest) -> GoldenCase:
    shared = os.environ.get("DEVAL_SHARED", Path(__file__).parents[3] / "shared")
    folder = Path(shared) / "data" / "golden"
    if not folder.is_dir():
        pytest.skip("no golden scores: DEVAL_SHARED names no folder with data/golden")
    case = json.loads((folder / "expected.json").read_text())["cases"][request.param]
    return GoldenCase(folder / case["file"], case["random_state"], case["scores"])


@pytest.fixture
def space() -> FactorSpace:
    return FactorSpace(("shape", "scale", "x", "y"), (3, 4, 5, 6))


@pytest.fixture
def classes(space: FactorSpace) -> np.ndarray:
    """Every image's factor classes, (N, F)."""
    return space.classes(np.arange(len(space)))
