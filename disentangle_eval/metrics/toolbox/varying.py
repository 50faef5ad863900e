"""Which factors a set of images can say anything about."""

from __future__ import annotations

import numpy as np

from disentangle_eval.errors import UsageError


def varying_columns(*factors: np.ndarray) -> np.ndarray:
    """Sets of factor classes (N, F), the N may differ -> the columns with two classes or more in every set, (V,).

    UsageError where there is none.
    """
    varying = np.flatnonzero(np.all([classes.min(axis=0) < classes.max(axis=0) for classes in factors], axis=0))
    if not varying.size:
        images = " and ".join(str(len(classes)) for classes in factors)
        raise UsageError(f"factors: all are constant over {images} images, expected one of two classes or more")
    return varying
