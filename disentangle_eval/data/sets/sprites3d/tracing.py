"""Drawing the room and the solid by following rays, as layers that hues only have to be multiplied with.

Every pixel is a sum of the floor's, the wall's and the object's colour and of white, each times how much of it is seen
there and how brightly it is lit. These four weights depend on scale, shape and orientation alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np

from disentangle_eval.data import counted
from disentangle_eval.data.sets.sprites3d import scene
from disentangle_eval.data.sets.sprites3d.solids import SOLIDS, Hit, dot

FLOOR, WALL, OBJECT, WHITE = range(4)
LAYERS = 4

# A pixel is the mean of so many times so many rays, each of which sees so many points of the light.
RAYS = 3
LIGHTS = 2

_WALL_NORMALS = np.array([[0.5, -0.5, 0.0], [-0.5, -0.5, 0.0]]) * np.sqrt(2)
_WALL_DISTANCE = scene.CORNER * np.sqrt(0.5)


@dataclass(frozen=True)
class Room:
    """What the N rays of a camera meet where there is no solid: how far away, where, and how it is lit.

    `point`, `normal` and `toward`, the direction of the light, are (3, N); `ambient` and `direct` light and whether it
    is `floor` are (N,). `colour` (4, N) says what is there, as weights in full light.
    """

    origin: np.ndarray
    direction: np.ndarray
    distance: np.ndarray
    point: np.ndarray
    normal: np.ndarray
    toward: np.ndarray
    ambient: np.ndarray
    direct: np.ndarray
    colour: np.ndarray
    floor: np.ndarray


@dataclass(frozen=True)
class Solid:
    """A solid of one shape and size, standing on the floor."""

    shape: str
    scale: float

    @property
    def middle(self) -> np.ndarray:
        """(3, 1): its centre."""
        return np.array([[0.0], [0.0], [self.scale * SOLIDS[self.shape][1]]])

    @property
    def radius(self) -> float:
        """Of a ball about its centre that holds it."""
        return 1.45 * self.scale

    def hit(self, origin: np.ndarray, direction: np.ndarray) -> Hit:
        """Where rays enter it, as in `solids`, normals of length 1."""
        enter, normal = SOLIDS[self.shape][0]((origin - self.middle) / self.scale, direction / self.scale)
        return enter, unit(normal)


def trace_all() -> np.ndarray:
    """The layers of all views in the order of scale, shape, orientation: (480, 16384) uint8; see `layers`."""
    scales, shapes, orientations = scene.FACTORS.sizes[-3:]
    traced = np.empty((scales, shapes, orientations, LAYERS * scene.IMAGE.height * scene.IMAGE.width), dtype=np.uint8)
    views = [*np.ndindex(orientations, scales, shapes)]
    for orientation, scale, shape in counted(views, "drawing sprites3d, views", len(views)):
        traced[scale, shape, orientation] = layers(scale, shape, orientation).reshape(-1)
    return traced.reshape(-1, traced.shape[-1])


def layers(scale: int, shape: int, orientation: int) -> np.ndarray:
    """The weights of floor, wall, object and white: (4, H, W) uint8, in 256ths."""
    room = see_room(orientation)
    solid = Solid(scene.SHAPES[shape], float(scene.SCALES[scale]))
    weights = _room_weights(room, solid)
    rays = np.flatnonzero(_may_be_met(room, solid))
    enter, normal = solid.hit(room.origin, room.direction[:, rays])
    met = enter < room.distance[rays]
    weights[:, rays[met]] = _object_weights(room.origin, room.direction[:, rays[met]], enter[met], normal[:, met])
    pixels = weights.reshape(LAYERS, scene.IMAGE.height, scene.IMAGE.width, RAYS**2).mean(axis=-1)
    levels: np.ndarray = np.clip(np.floor(256 * pixels + 0.5), 0, 255)
    return levels.astype(np.uint8)


@lru_cache(maxsize=1)
def see_room(orientation: int) -> Room:
    """The room as the camera sees it, the RAYS * RAYS rays per pixel one after another."""
    origin, direction = _camera(scene.ORIENTATIONS[orientation])
    with np.errstate(divide="ignore"):
        down = np.where(direction[2] < 0, -origin[2] / direction[2], np.inf)
    walls = [
        np.where(n @ direction < 0, (-_WALL_DISTANCE - n @ origin) / (n @ direction), np.inf) for n in _WALL_NORMALS
    ]
    distances = np.stack([down, *walls])
    met, distance = distances.argmin(axis=0), distances.min(axis=0)
    point = origin + distance * direction
    normal = np.concatenate([[[0.0, 0.0, 1.0]], _WALL_NORMALS])[met].T
    toward = unit(scene.LIGHT[:, None] - point)
    direct = scene.ROOM_DIRECT * np.maximum(dot(normal, toward), 0)
    floor = met == 0
    ambient = (scene.ROOM_AMBIENT + scene.ROOM_AMBIENT_UPWARDS * normal[2]) * _creases(point, floor)
    return Room(origin, direction, distance, point, normal, toward, ambient, direct, _colour(point, floor), floor)


def _creases(point: np.ndarray, floor: np.ndarray) -> np.ndarray:
    """(N,): how much of the light from everywhere reaches points of a room, which is darker where it bends."""
    from_walls = [n @ point + _WALL_DISTANCE for n in _WALL_NORMALS]
    upright = np.exp(-np.where(floor, np.minimum(*from_walls), np.maximum(*from_walls)) / scene.CREASE_WIDTH)
    level = np.where(floor, 0, np.exp(-point[2] / scene.CREASE_WIDTH))
    open_: np.ndarray = 1 - scene.CREASE * (upright + level)
    return open_


def _colour(point: np.ndarray, floor: np.ndarray) -> np.ndarray:
    """(4, N): tiles of two brightnesses, walls, and a white skirting board along these."""
    tiles = (np.floor(point[0] / scene.TILE) + np.floor(point[1] / scene.TILE)) % 2
    skirting = ~floor & (point[2] < scene.SKIRTING_HEIGHT)
    colour = np.zeros((LAYERS, floor.size))
    colour[FLOOR] = np.where(floor, np.where(tiles, 1, scene.DARK_TILE), 0)
    colour[WALL] = ~floor & ~skirting
    colour[WHITE] = scene.SKIRTING_WHITE * skirting
    return colour


def _camera(angle: float) -> tuple[np.ndarray, np.ndarray]:
    """The camera's place (3, 1) and the directions of its rays (3, N), of length 1."""
    ground = np.array([np.sin(angle), -np.cos(angle), 0.0])
    place = scene.CAMERA_DISTANCE * ground + [0, 0, scene.CAMERA_HEIGHT]
    ahead = unit(np.array([0, 0, scene.LOOKED_AT]) - place)
    right = unit(np.cross(ahead, [0.0, 0.0, 1.0]))
    up = np.cross(right, ahead)
    height, width = scene.IMAGE.height, scene.IMAGE.width
    rows, columns = ((np.arange(RAYS * n) + 0.5) / (RAYS * n) - 0.5 for n in (height, width))
    size = 2 * np.tan(scene.FIELD_OF_VIEW / 2)
    directions = (
        ahead[:, None, None]
        + size * columns[None, None, :] * right[:, None, None]
        - size * rows[None, :, None] * up[:, None, None]
    )
    by_pixel = directions.reshape(3, height, RAYS, width, RAYS).transpose(0, 1, 3, 2, 4)
    return place[:, None], unit(by_pixel.reshape(3, -1))


def _room_weights(room: Room, solid: Solid) -> np.ndarray:
    """(4, N): what the room adds to each ray, the solid's shadow and reflection included."""
    light = room.ambient * _openness(room, solid) + room.direct * _visibility(room, solid)
    return _with_reflection(room.colour * _tone(light), room, solid)


def _with_reflection(weights: np.ndarray, room: Room, solid: Solid) -> np.ndarray:
    """The same, the polished floor showing the lower part of the solid."""
    floor = np.flatnonzero(room.floor)
    point = room.point[:, floor]
    mirrored = room.direction[:, floor] * [[1], [1], [-1]]
    enter, normal = solid.hit(point, mirrored)
    seen = np.isfinite(enter)
    shine = scene.SHINE * np.exp(-(enter * mirrored[2])[seen] / scene.SHINE_HEIGHT)
    floor = floor[seen]
    weights[FLOOR, floor] *= 1 - shine
    weights[OBJECT, floor] = shine * _tone(_ambient_of_object(normal[:, seen]))
    return weights


def _may_be_met(room: Room, solid: Solid) -> np.ndarray:
    """(N,): whether rays of the camera meet a ball about the solid."""
    to_middle = solid.middle - room.origin
    met: np.ndarray = (to_middle**2).sum() - (to_middle * room.direction).sum(axis=0) ** 2 < solid.radius**2
    return met


def _object_weights(origin: np.ndarray, direction: np.ndarray, enter: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """(4, M): what the solid adds to the rays that meet it."""
    point = origin + enter * direction
    toward = unit(scene.LIGHT[:, None] - point)
    facing = np.maximum(dot(normal, toward), 0)
    near_floor = 1 - scene.CONTACT * np.exp(-point[2] / scene.CONTACT_HEIGHT)
    light = _tone(_ambient_of_object(normal) * near_floor + scene.OBJECT_DIRECT * facing)
    halfway = unit(toward - direction)
    highlight = scene.HIGHLIGHT * np.maximum(dot(normal, halfway), 0) ** scene.HIGHLIGHT_POWER * (facing > 0)
    weights = np.zeros((LAYERS, enter.size))
    weights[OBJECT] = light * (1 - highlight)
    weights[WHITE] = highlight
    return weights


def _ambient_of_object(normal: np.ndarray) -> np.ndarray:
    ambient: np.ndarray = scene.OBJECT_AMBIENT + scene.OBJECT_AMBIENT_UPWARDS * normal[2]
    return ambient


def _visibility(room: Room, solid: Solid) -> np.ndarray:
    """(N,): how much of the light the solid leaves to be seen."""
    near = np.flatnonzero(_may_be_shaded(room, solid))
    start = room.point[:, near]
    blocked = np.zeros(len(near))
    for light in range(LIGHTS):
        seen = _points_of_light()[:, near % RAYS**2 * LIGHTS + light]
        blocked += np.isfinite(solid.hit(start, seen - start)[0])
    visibility = np.ones(room.distance.size)
    visibility[near] = 1 - blocked / LIGHTS
    return visibility


def _may_be_shaded(room: Room, solid: Solid) -> np.ndarray:
    """(N,): whether a cone towards the light might meet a ball about the solid."""
    to_middle = solid.middle - room.point
    along = dot(to_middle, room.toward)
    aside = np.sqrt(np.maximum(dot(to_middle, to_middle) - along**2, 0))
    shaded: np.ndarray = aside < solid.radius + 0.2 * np.maximum(along, 0)
    return shaded


@cache
def _points_of_light() -> np.ndarray:
    """(3, RAYS * RAYS * LIGHTS): points spread evenly over a level disc."""
    count = RAYS**2 * LIGHTS
    k = 5 * np.arange(count) % count  # neighbours in the list are apart
    radius = scene.LIGHT_RADIUS * np.sqrt((k + 0.5) / count)
    angle = k * np.pi * (3 - np.sqrt(5))
    points: np.ndarray = scene.LIGHT[:, None] + np.stack([radius * np.cos(angle), radius * np.sin(angle), 0 * angle])
    return points


def _openness(room: Room, solid: Solid) -> np.ndarray:
    """(N,): how much of the light from everywhere a ball in the solid's place leaves."""
    to_middle = solid.middle - room.point
    squared = dot(to_middle, to_middle)
    cosine = np.maximum(dot(to_middle, room.normal), 0) / np.sqrt(squared)
    openness: np.ndarray = 1 - scene.OCCLUSION * cosine * np.minimum(solid.scale**2 / squared, 1)
    return openness


def _tone(light: np.ndarray) -> np.ndarray:
    """Light as it is shown: brighter in the shade, never above 1."""
    shown: np.ndarray = np.minimum(light, 1) ** scene.TONE
    return shown


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors (3, ...) at length 1."""
    scaled: np.ndarray = vectors / np.sqrt((vectors**2).sum(axis=0))
    return scaled
