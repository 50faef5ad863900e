"""sprites3d: what rays meet, how images are put together, and that every factor shows in every image."""

from __future__ import annotations

import hashlib
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
import torch

from disentangle_eval.api import ImageShape
from disentangle_eval.data.sets.sprites3d import SPRITES3D, loading, scene, tracing
from disentangle_eval.data.sets.sprites3d.rendering import RenderedImages, colour_combinations, levels
from disentangle_eval.data.sets.sprites3d.solids import CUBE_HALF, CYLINDER_RADIUS, SOLIDS, dot

SCALES, SHAPES, ORIENTATIONS = scene.FACTORS.sizes[3:]
HUES = {
    tracing.FLOOR: scene.FLOOR_HUES,
    tracing.WALL: scene.WALL_HUES,
    tracing.OBJECT: scene.OBJECT_HUES,
}
INSIDE = {
    "cube": lambda p: np.maximum(np.abs(p[0]) + np.abs(p[1]), np.sqrt(2) * np.abs(p[2])) < np.sqrt(2) * CUBE_HALF,
    "cylinder": lambda p: (p[0] ** 2 + p[1] ** 2 < CYLINDER_RADIUS**2) & (np.abs(p[2]) < 1),
    "sphere": lambda p: dot(p, p) < 1,
    "cone": lambda p: (np.hypot(p[0], p[1]) < (1 - p[2]) / 2) & (p[2] > -1),
}


@cache
def view(scale: int, shape: int, orientation: int) -> np.ndarray:
    """(4, H, W) uint8."""
    return tracing.layers(scale, shape, orientation)


def image(floor: int, wall: int, object_: int, *of_view: int) -> np.ndarray:
    """(3, H, W) int64 levels, in whole numbers."""
    colours = colour_combinations()[(floor * 10 + wall) * 10 + object_].astype(np.int64)
    sums = np.einsum("cl,lhw->chw", colours, view(*of_view).astype(np.int64))
    return np.minimum((sums + 128) // 256, 255)


def pixels_that_differ(one: np.ndarray, other: np.ndarray) -> int:
    """How many pixels differ by 16 levels or more in some channel."""
    return int((np.abs(one - other).max(axis=0) >= 16).sum())


@pytest.mark.parametrize("shape", SOLIDS)
def test_rays_meet_a_solid_where_they_enter_it(shape):
    random = np.random.default_rng(0)
    origin = random.normal(size=(3, 2000))
    origin *= 4 / np.sqrt(dot(origin, origin))
    direction = tracing.unit(random.uniform(-1.6, 1.6, (3, 2000)) - origin)
    enter, normal = SOLIDS[shape][0](origin, direction)
    steps = np.linspace(2, 6, 2001)
    inside = INSIDE[shape](origin[:, :, None] + steps * direction[:, :, None])
    first = np.where(inside.any(axis=1), steps[inside.argmax(axis=1)], np.inf)
    met = np.isfinite(first)
    assert 500 < met.sum() < 1900
    assert (np.abs(enter[met] - first[met]) < 0.01).mean() > 0.995  # else it clips an edge within a step
    assert np.isinf(enter[~met]).mean() > 0.99
    met = np.isfinite(enter)
    point, outward = (origin + np.where(met, enter, 0) * direction)[:, met], tracing.unit(normal[:, met])
    assert INSIDE[shape](point - 1e-4 * outward).mean() > 0.995
    assert not INSIDE[shape](point + 1e-4 * outward).any()


def test_images_are_layers_times_colours_rounded_to_levels():
    random = np.random.default_rng(0)
    layers = random.integers(0, 256, (6, 4 * 20)).astype(np.uint8)
    colours = random.integers(0, 256, (5, 3, 4)).astype(np.uint8)
    layers[0], colours[0] = 255, 255  # brighter than white
    store = RenderedImages(torch.from_numpy(layers), torch.from_numpy(colours).float(), ImageShape(3, 4, 5))
    assert len(store) == 30
    sums = np.einsum("kcl,vlp->kvcp", colours.astype(int), layers.reshape(6, 4, 20).astype(int))
    expected = np.minimum((sums + 128) // 256, 255).reshape(30, 3, 4, 5)
    images = store.images(torch.arange(30))
    assert torch.equal(images, torch.from_numpy(expected).float() / 255)
    assert (images[0] == 1).all()
    index = torch.tensor([29, 3, 3])
    assert torch.equal(store.images(index), images[index])


def test_a_batch_needs_no_host_read():
    """Tensors of the meta device hold no values: a host read fails there."""
    store = RenderedImages(torch.zeros(480, 16384, dtype=torch.uint8), torch.zeros(1000, 3, 4), scene.IMAGE)
    batch = store.to(torch.device("meta")).images(torch.arange(4, device="meta"))
    assert (batch.device.type, batch.shape) == ("meta", (4, 3, 64, 64))


@pytest.fixture
def data(monkeypatch, tmp_path):
    """The data set, of which only two views are drawn, the others left black."""
    monkeypatch.setenv("DEVAL_CACHE", str(tmp_path))

    def some() -> np.ndarray:
        layers = np.zeros((SCALES, SHAPES, ORIENTATIONS, 16384), dtype=np.uint8)
        for one in ((2, 3, 4), (7, 0, 14)):
            layers[one] = view(*one).reshape(-1)
        return layers.reshape(480, -1)

    monkeypatch.setattr(loading, "trace_all", some)
    return loading.load(SPRITES3D, None)


def test_an_image_shows_the_classes_of_its_index(data, monkeypatch):
    assert data.factors.names == ("floor_hue", "wall_hue", "object_hue", "scale", "shape", "orientation")
    classes = np.array([[1, 2, 3, 2, 3, 4], [9, 8, 0, 7, 0, 14], [4, 4, 4, 2, 3, 4]])
    images = data.images(torch.from_numpy(data.factors.index(classes)))
    for shown, one in zip(images, classes, strict=True):
        assert torch.equal(shown, torch.from_numpy(image(*one)).float() / 255)
    monkeypatch.setattr(loading, "trace_all", lambda: pytest.fail("drawn again"))
    again = loading.load(SPRITES3D, None)
    assert (again.name, again.sha256, len(again)) == ("sprites3d@drawn", data.sha256, 480_000)


@pytest.mark.parametrize("shape", range(SHAPES))
def test_floor_wall_and_object_are_seen_in_the_smallest_and_the_largest(shape):
    for scale in (0, SCALES - 1):
        for orientation in (0, 7, 14):
            covered = (view(scale, shape, orientation) >= 128).sum(axis=(1, 2))
            assert covered[tracing.FLOOR] > 1000
            assert covered[tracing.WALL] > 1000
            assert covered[tracing.OBJECT] > 100


def test_all_hues_of_a_thing_are_apart():
    for hues in HUES.values():
        colours = levels(hues).astype(int)
        apart = np.abs(colours[:, None] - colours[None]).max(axis=2)
        assert apart[~np.eye(10, dtype=bool)].min() > 20


@pytest.mark.parametrize("hues", [(0, 0, 0), (5, 5, 5), (3, 7, 9)])
def test_scale_and_shape_show_whatever_the_hues(hues):
    for shape in range(SHAPES):
        sizes = [image(*hues, scale, shape, 7) for scale in range(SCALES)]
        assert min(pixels_that_differ(one, next_) for one, next_ in pairwise(sizes)) > 40
    for scale in (0, SCALES - 1):
        shapes = [image(*hues, scale, shape, 7) for shape in range(SHAPES)]
        assert min(pixels_that_differ(a, b) for i, a in enumerate(shapes) for b in shapes[:i]) > 100


@pytest.mark.parametrize("shape", range(SHAPES))
def test_all_orientations_show_in_round_shapes_too(shape):
    turned = [image(5, 5, 5, 0, shape, orientation) for orientation in range(ORIENTATIONS)]
    assert min(pixels_that_differ(a, b) for i, a in enumerate(turned) for b in turned[:i]) > 200


def test_known_images_to_the_bit():
    known = {
        (0, 0, 0, 0, 0, 0): "6a755aafcd4dcfe7",
        (9, 8, 7, 6, 1, 5): "6bdd64f0a1285790",
        (1, 6, 2, 7, 2, 7): "54c4928a7e9c99be",
        (4, 3, 9, 3, 3, 14): "d764c83b874134c7",
    }
    received = {
        classes: hashlib.sha256(image(*classes).astype(np.uint8).tobytes()).hexdigest()[:16] for classes in known
    }
    assert received == known


def test_no_level_is_near_a_tie(monkeypatch):
    """What another machine's sine or square root may change is a thousand times less."""
    before = view(4, 1, 3), view(4, 3, 11)
    monkeypatch.setattr(scene, "CAMERA_HEIGHT", scene.CAMERA_HEIGHT * (1 + 1e-12))
    monkeypatch.setattr(scene, "LIGHT", scene.LIGHT * (1 - 1e-12))
    tracing.see_room.cache_clear()
    try:
        moved = tracing.layers(4, 1, 3), tracing.layers(4, 3, 11)
    finally:
        tracing.see_room.cache_clear()
    np.testing.assert_array_equal(moved, before)
