"""Random images of any subject, whether or not anything is known of their factors."""

from __future__ import annotations

import numpy as np


def random_images(total: int, count: int | None, seed: int) -> np.ndarray:
    """Indices of `count` different images out of `total`, ascending; of every image without `count` or with fewer."""
    if count is None or count >= total:
        return np.arange(total)
    return np.sort(np.random.default_rng(seed).choice(total, count, replace=False))
