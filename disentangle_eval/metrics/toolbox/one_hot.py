"""What a linear model is given of a code."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from disentangle_eval.latents import Categorical, CodeDimension


def one_hot_blocks(codes: np.ndarray, code: Sequence[CodeDimension]) -> list[np.ndarray]:
    """Codes (N, K) -> K blocks: (N, 1) for a real number, (N, classes) of 0 and 1 for a column of classes.

    In the precision of the codes.
    """
    return [_block(codes[:, j], dimension) for j, dimension in enumerate(code)]


def _block(column: np.ndarray, dimension: CodeDimension) -> np.ndarray:
    if isinstance(dimension, Categorical):
        one_hot: np.ndarray = (column[:, None] == np.arange(dimension.classes)).astype(column.dtype)
        return one_hot
    return column[:, None]
