"""A data set small enough to train on in a second."""

import numpy as np
import pytest


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "grid.npz"
    images = np.zeros((16, 64, 64), dtype=np.uint8)
    for x in range(4):
        for y in range(4):
            images[4 * x + y, 16 * x : 16 * x + 12, 16 * y : 16 * y + 12] = 255
    np.savez(path, images=images, factor_sizes=[4, 4])
    return f"npz:{path}"
