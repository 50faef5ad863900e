"""Where rays meet the four solids, which are about the origin.

Rays are `origin` and `direction`, (3, N) or (3, 1) each, and start outside. What is returned are the distances (N,) at
which they enter, in lengths of `direction` and inf where they miss, and the outward normals there, (3, N), of any
length.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Hit = tuple[np.ndarray, np.ndarray]

CUBE_HALF = 0.78
CYLINDER_RADIUS = 0.82


def cube(origin: np.ndarray, direction: np.ndarray) -> Hit:
    """A cube of half side 0.78, turned by an eighth of a full turn about the upright axis."""
    origin, direction = _turned(origin), _turned(direction)
    near = (-np.sign(direction) * CUBE_HALF - origin) / direction
    far = (np.sign(direction) * CUBE_HALF - origin) / direction
    enter = near.max(axis=0)
    normal = _turned(np.where(near == enter, -np.sign(direction), 0.0))
    return np.where((enter < far.min(axis=0)) & (enter > 0), enter, np.inf), normal


def sphere(origin: np.ndarray, direction: np.ndarray) -> Hit:
    """A sphere of radius 1."""
    enter, _ = _roots(dot(direction, direction), dot(origin, direction), dot(origin, origin) - 1)
    return np.where(enter > 0, enter, np.inf), origin + enter * direction


def cylinder(origin: np.ndarray, direction: np.ndarray) -> Hit:
    """An upright cylinder of radius 0.82 and half height 1."""
    across, along = origin[:2], direction[:2]
    side, leave = _roots(dot(along, along), dot(across, along), dot(across, across) - CYLINDER_RADIUS**2)
    up = np.sign(direction[2])
    cap, beyond = (-up - origin[2]) / direction[2], (up - origin[2]) / direction[2]
    enter = np.maximum(side, cap)
    point = origin + enter * direction
    point[2] = 0
    normal = np.where(side > cap, point, np.stack([0 * side, 0 * side, -up + 0 * side]))
    return np.where((enter < np.minimum(leave, beyond)) & (enter > 0), enter, np.inf), normal


def cone(origin: np.ndarray, direction: np.ndarray) -> Hit:
    """An upright cone of half height 1 on a base of radius 1."""
    # Inside, x^2 + y^2 < w^2 with w = (1 - z) / 2, the radius at the height z.
    width, narrowing = (1 - origin[2]) / 2, -direction[2] / 2
    roots = _roots(
        dot(direction[:2], direction[:2]) - narrowing**2,
        dot(origin[:2], direction[:2]) - width * narrowing,
        dot(origin[:2], origin[:2]) - width**2,
    )
    side = np.full(np.broadcast_shapes(*(root.shape for root in roots)), np.inf)
    for root in roots:
        height = origin[2] + root * direction[2]
        side = np.where((np.abs(height) <= 1) & (root > 0) & (root < side), root, side)
    base = (-1 - origin[2]) / direction[2]
    on_base = dot(*2 * (origin[:2] + base * direction[:2],)) <= 1
    base = np.where(on_base & (base > 0), base, np.inf)
    enter = np.minimum(side, base)
    point = origin + np.where(np.isfinite(enter), enter, 0) * direction
    slope = np.stack([point[0], point[1], (1 - point[2]) / 4])
    return enter, np.where(side < base, slope, np.array([[0.0], [0.0], [-1.0]]))


SOLIDS: dict[str, tuple[Callable[[np.ndarray, np.ndarray], Hit], float]] = {
    "cube": (cube, CUBE_HALF),
    "cylinder": (cylinder, 1.0),
    "sphere": (sphere, 1.0),
    "cone": (cone, 1.0),
}


def _turned(vectors: np.ndarray) -> np.ndarray:
    """Mirrored at an upright plane so that the x axis turns by an eighth of a full turn; twice changes nothing."""
    x, y, z = vectors
    return np.stack([(x + y) * np.sqrt(0.5), (x - y) * np.sqrt(0.5), z])


def dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    products: np.ndarray = (a * b).sum(axis=0)
    return products


def _roots(square: np.ndarray, half: np.ndarray, constant: np.ndarray) -> Hit:
    """Both solutions t of square t^2 + 2 half t + constant = 0, the lesser first if `square` is positive, or nan."""
    with np.errstate(invalid="ignore"):
        root = np.sqrt(half**2 - square * constant)
    return (-half - root) / square, (-half + root) / square
