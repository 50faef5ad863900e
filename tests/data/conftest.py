"""What the tests of the data share: dSprites, drawn once a session, and real images to compare it with."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from disentangle_eval.data.sets.dsprites.drawing import draw_all

SHARED = Path(os.environ.get("DEVAL_SHARED", Path(__file__).parents[3] / "shared"))


@pytest.fixture(scope="session")
def drawn() -> np.ndarray:
    """All of dSprites, packed."""
    return np.concatenate([*draw_all()])


@pytest.fixture(params=["gif320", "notebook43"])
def real_images(request: pytest.FixtureRequest) -> tuple[np.ndarray, np.ndarray]:
    """Real dSprites images (N, 64, 64) and their classes (N, 5)."""
    path = SHARED / "data" / "dsprites_truth" / f"{request.param}.npz"
    if not path.exists():
        pytest.skip(f"{path} is absent; DEVAL_SHARED names the folder that holds data/")
    with np.load(path) as archive:
        return archive["imgs"], archive["factors"]
