"""What sprites3d shows: its factors, colours, room, camera and light.

Lengths are in units of the largest solid's half height. The solid stands on the floor z = 0 about the z axis; two walls
meet in a corner at y > 0; the camera looks from y < 0 and turns about the z axis.
"""

from __future__ import annotations

import numpy as np

from disentangle_eval.api import ImageShape
from disentangle_eval.data.factors import FactorSpace

# Counts changes that alter pixels, so that a cache from before is made again.
VERSION = 1

IMAGE = ImageShape(3, 64, 64)
FACTORS = FactorSpace(
    names=("floor_hue", "wall_hue", "object_hue", "scale", "shape", "orientation"), sizes=(10, 10, 10, 8, 4, 15)
)

SHAPES = ("cube", "cylinder", "sphere", "cone")
SCALES = np.linspace(0.58, 1.0, 8)
ORIENTATIONS = np.radians(np.linspace(-30, 30, 15))

# Ten hues each, evenly spaced in OKLCH, of one lightness and as colourful as sRGB allows up to a bound.
FLOOR_HUES = (
    "#da827b",
    "#d08e53",
    "#b29e47",
    "#83ad64",
    "#4bb493",
    "#2cb2bf",
    "#59a7dc",
    "#8d98e2",
    "#b68acf",
    "#d181a9",
)
WALL_HUES = (
    "#ffc8c3",
    "#fdcda6",
    "#e5d89f",
    "#c4e3b0",
    "#a6e8cf",
    "#9be6ef",
    "#b2deff",
    "#cdd5fe",
    "#e9cafb",
    "#fec4df",
)
OBJECT_HUES = (
    "#f75d59",
    "#db7e09",
    "#b19701",
    "#66af07",
    "#01b28a",
    "#01acba",
    "#03a2f0",
    "#808aff",
    "#c06fea",
    "#e95dab",
)

CORNER = 4.6  # its distance from the z axis
CAMERA_DISTANCE = 7.4
CAMERA_HEIGHT = 3.3
LOOKED_AT = 0.95  # height above the floor
FIELD_OF_VIEW = np.radians(34)

LIGHT = np.array([-3.4, -4.2, 7.0])
LIGHT_RADIUS = 1.1

TILE = 1.15
SKIRTING = 0.26
