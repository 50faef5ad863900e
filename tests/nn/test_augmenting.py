"""Random affine maps against scipy's, one image and one number at a time."""

import math

import numpy as np
import pytest
import torch
from scipy.ndimage import map_coordinates

from disentangle_eval.nn.augmenting import AffineRanges, random_affine
from disentangle_eval.testing import RecordedStep

BATCH, SHAPE = 4, (2, 12, 9)


@pytest.fixture
def images():
    return torch.rand(BATCH, *SHAPE, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 2 - 1


def test_every_pixel_is_read_where_rotation_shear_scale_and_shift_say(images):
    step = RecordedStep(BATCH, SHAPE)
    found = random_affine(images, step).numpy()
    (uniform,) = step.handed["uniform"]
    _, height, width = SHAPE
    rows, columns = np.mgrid[:height, :width]
    position = np.stack([columns - (width - 1) / 2, rows - (height - 1) / 2]).reshape(2, -1)
    for image, result, numbers in zip(images.numpy(), found, 2 * uniform.double().numpy() - 1, strict=True):
        angle, scale, shear = math.radians(15 * numbers[0]), 1 + 0.15 * numbers[1], 0.25 * numbers[2]
        rotation = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        matrix = scale * rotation @ np.array([[1, shear], [0, 1]])
        x, y = matrix @ position + 1.4 * numbers[3:, None]
        read = [y + (height - 1) / 2, x + (width - 1) / 2]
        for channel, expected in zip(result, image, strict=True):
            sampled = map_coordinates(expected, read, order=1, mode="nearest").reshape(height, width)
            np.testing.assert_allclose(channel, sampled, atol=1e-4)


def test_ranges_of_zero_leave_images_as_they_are(images):
    same = random_affine(images, RecordedStep(BATCH, SHAPE), AffineRanges(0, 0, 0, 0))
    torch.testing.assert_close(same, images, atol=1e-6, rtol=0)


def test_gradients_reach_the_images_and_randomness_is_the_step_s_alone(images):
    state = torch.get_rng_state()
    leaf = images.clone().requires_grad_()
    random_affine(leaf, RecordedStep(BATCH, SHAPE)).square().sum().backward()
    assert leaf.grad is not None
    assert (leaf.grad.flatten(1).abs().sum(dim=1) > 0).all()
    assert torch.equal(state, torch.get_rng_state())
