"""The shapes of dSprites: their outlines, sizes, angles and places, in pixels.

The constants were found by fitting published images of the set (Matthey et al., 2017); they are not published.
Screen coordinates: x to the right, y downwards, pixel k covers [k, k + 1).
"""

from __future__ import annotations

import numpy as np

from disentangle_eval.api import ImageShape
from disentangle_eval.data import FactorSpace
from disentangle_eval.data.sets.dsprites import DSPRITES

IMAGE = ImageShape(1, 64, 64)
FACTORS = FactorSpace.parse(DSPRITES.factors)

CENTRES = 16 + 32 * np.linspace(0, 1, 32)
UNITS = 19.2 * np.linspace(0.5, 1, 6)
ELLIPSE_RATIO = 1.33


def square() -> np.ndarray:
    """(4, 2): the corners of a square of side 1 about the origin, x right and y up."""
    return np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])


def ellipse() -> np.ndarray:
    """(100, 2): an ellipse of area pi / 4 about the origin, x right and y up."""
    t = 2 * np.pi * np.arange(100) / 100
    return np.stack([0.5 * ELLIPSE_RATIO * np.cos(t), 0.5 / ELLIPSE_RATIO * np.sin(t)], axis=1)


def heart() -> np.ndarray:
    """(150, 2): a heart about one unit wide and high, upright, x right and y up."""
    t = 2 * np.pi * np.arange(150) / 150
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return np.stack([16 * np.sin(t) ** 3 / 32, y / 29 + 0.075], axis=1)


OUTLINES = (square(), ellipse(), heart())


def outline(shape: int, scale: int, orientation: int) -> np.ndarray:
    """The outline of one sprite about its own centre, on the screen: (V, 2) pixels, x right and y down.

    A rising orientation turns it counter-clockwise. The 40 orientations span a full turn with both ends, so the first
    and the last are the same picture.
    """
    angle = 2 * np.pi * (orientation % 39) / 39
    x, y = UNITS[scale] * OUTLINES[shape].T
    return np.stack([np.cos(angle) * x - np.sin(angle) * y, -np.sin(angle) * x - np.cos(angle) * y], axis=1)
