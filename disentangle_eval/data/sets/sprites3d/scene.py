"""What sprites3d shows: its factors, colours, room, camera and light.

Lengths are in units of the largest solid's half height. The solid stands on the floor z = 0 about the z axis; two walls
meet in a corner at y > 0; the camera looks from y < 0 and turns about the z axis.
"""

from __future__ import annotations

import numpy as np

from disentangle_eval.api import ImageShape
from disentangle_eval.data import FactorSpace
from disentangle_eval.data.sets.sprites3d import SPRITES3D

# Counts changes that alter pixels, so that a cache from before is made again.
VERSION = 1

IMAGE = ImageShape(3, 64, 64)
FACTORS = FactorSpace.parse(SPRITES3D.factors)

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

TILE = 1.15  # side of a tile of the floor
DARK_TILE = 0.88  # every other one, as part of the floor's colour
SKIRTING_HEIGHT = 0.26
SKIRTING_WHITE = 0.96

# Light from everywhere (more of it from above) and light from the lamp, for surfaces that face it.
ROOM_AMBIENT, ROOM_AMBIENT_UPWARDS, ROOM_DIRECT = 0.5, 0.06, 0.56
OBJECT_AMBIENT, OBJECT_AMBIENT_UPWARDS, OBJECT_DIRECT = 0.42, 0.14, 0.62
TONE = 0.8  # light is shown as its power

# What takes light from everywhere away: where walls and floor meet, on the floor below the solid, on the solid below.
CREASE, CREASE_WIDTH = 0.3, 0.5
OCCLUSION = 0.75
CONTACT, CONTACT_HEIGHT = 0.35, 0.22

HIGHLIGHT, HIGHLIGHT_POWER = 0.42, 38  # on the solid
SHINE, SHINE_HEIGHT = 0.3, 0.9  # of the floor, in which what is higher shows less
