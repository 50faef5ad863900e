"""The drawn set against real images and against the published numbers of the whole set."""

from __future__ import annotations

import hashlib

import numpy as np

from disentangle_eval.data.sets.dsprites.geometry import FACTORS


def test_real_images_are_drawn_exactly(drawn, real_images):
    images, classes = real_images
    ours = np.unpackbits(drawn[FACTORS.index(classes)], axis=1).reshape(-1, 64, 64)
    wrong = (ours != images).any(axis=(1, 2))
    assert not wrong.any(), f"factors of the images that differ: {classes[wrong].tolist()}"


def test_white_pixels_by_shape_and_scale(drawn):
    upright = drawn.reshape(*FACTORS.sizes, -1)[:, :, 0, 0, 0]
    assert np.bitwise_count(upright).sum(axis=-1, dtype=int).tolist() == [
        [100, 144, 196, 256, 324, 400],
        [76, 104, 144, 184, 228, 288],
        [58, 84, 108, 140, 182, 222],
    ]


def test_white_pixels_of_the_whole_set(drawn):
    assert int(np.bitwise_count(drawn.view(np.uint64)).sum(dtype=np.int64)) == 128_328_864


def test_distinct_images_of_the_whole_set(drawn):
    assert len({hash(image.tobytes()) for image in drawn}) == 715_706


def test_first_and_last_orientation_are_one_picture(drawn):
    by_orientation = drawn.reshape(*FACTORS.sizes, -1)
    np.testing.assert_array_equal(by_orientation[:, :, 0], by_orientation[:, :, 39])


def test_the_bits_are_the_same_on_every_machine(drawn):
    """When this changes, results change: raise DRAWING_VERSION with it."""
    assert hashlib.sha256(drawn.data).hexdigest() == "3a228f4037ef3d42a42588e0e01f1078aa2df13cfa17584e88c95ed9fb5672da"
