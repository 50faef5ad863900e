"""The colours of both variants, on eight sprites in place of 737,280."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch

from disentangle_eval.api import ImageShape, Nuisance
from disentangle_eval.data.dataset import ImageDataset
from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.data.images import BitImages
from disentangle_eval.data.sets.color_dsprites import DATASETS
from disentangle_eval.data.sets.color_dsprites import loading as color_dsprites
from disentangle_eval.runtime.draws import GeneratorDraw
from disentangle_eval.training.step import TrainingStep

MASKS = np.random.default_rng(0).integers(0, 2, (8, 1, 4, 4)).astype(np.uint8)
CPU = torch.device("cpu")
load_ibgan = partial(color_dsprites.load_ibgan, DATASETS[0], None)
load_locatello = partial(color_dsprites.load_locatello, DATASETS[1], None)


@pytest.fixture(autouse=True)
def sprites(monkeypatch: pytest.MonkeyPatch) -> ImageDataset:
    store = BitImages(torch.from_numpy(np.packbits(MASKS.reshape(8, -1), axis=1)), ImageShape(1, 4, 4))
    data = ImageDataset("dsprites@drawn", "0" * 64, store, FactorSpace(("shape", "x"), (2, 4)))
    monkeypatch.setattr("disentangle_eval.data.sets.dsprites.loading.load", lambda spec, folder: data)
    return data


def test_ibgan_shows_every_sprite_in_every_colour_of_an_8_x_8_x_8_grid():
    data = load_ibgan()
    assert data.factors == FactorSpace(("colour", "shape", "x"), (512, 2, 4))
    images = data.images(torch.arange(len(data)))
    classes = data.factors.classes(np.arange(len(data)))
    levels = np.linspace(0, 1, 8)
    rgb = levels[np.stack(np.unravel_index(classes[:, 0], (8, 8, 8)), axis=1)]
    sprite = classes[:, 1] * 4 + classes[:, 2]
    np.testing.assert_allclose(images, MASKS[sprite] * rgb[:, :, None, None], atol=1e-7)
    assert not images[:8].any()
    assert torch.equal(images[-8:], torch.from_numpy(MASKS).float().expand(-1, 3, -1, -1))


def test_locatello_keeps_the_factors_and_one_light_colour_an_image(sprites):
    data = load_locatello()
    assert (len(data), data.factors, data.shape) == (8, sprites.factors, (3, 4, 4))
    images = data.images(torch.arange(8))
    assert torch.equal(data.images(torch.tensor([3, 3, 5])), images[[3, 3, 5]])
    colours = images.amax(dim=(2, 3))
    assert torch.equal(images, torch.from_numpy(MASKS) * colours[:, :, None, None])
    assert colours.min() >= 0.5
    assert len(colours.unique()) == 24


def test_fixed_colours_are_uniform_and_the_same_everywhere():
    tints = color_dsprites.fixed_tints(10_000)
    assert tints.dtype == torch.float32
    assert 0.5 <= tints.min() < tints.max() < 1
    torch.testing.assert_close(tints.mean(dim=0), torch.full((3,), 0.75), atol=0.01, rtol=0)
    assert torch.equal(tints[:5], color_dsprites.fixed_tints(5))
    known = [0.8184808, 0.6348934, 0.5204868, 0.5082638, 0.9066350, 0.9563778]
    assert tints[:2].flatten().tolist() == pytest.approx(known, abs=1e-6)


def test_training_on_locatello_redraws_the_colour_and_resumes_to_the_bit():
    data = load_locatello()
    assert isinstance(data, Nuisance)
    assert not isinstance(load_ibgan(), Nuisance)
    step = TrainingStep(data, 8, 0, CPU)
    first = step.images()
    state = step.state()
    second = step.images()
    colours = torch.cat([first, second]).amax(dim=(2, 3))
    assert colours.min() >= 0.5
    assert len(colours.unique()) == 48
    resumed = TrainingStep(data, 8, 0, CPU)
    resumed.restore(state, 1)
    assert torch.equal(resumed.images(), second)


def test_an_observation_shows_the_sprite_asked_for_in_a_colour_of_the_draw():
    data = load_locatello()
    index = torch.tensor([1, 6])
    one, again, other = (data.observe(index, GeneratorDraw(seed)) for seed in (0, 0, 1))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    np.testing.assert_array_equal(one.bool()[:, :1], MASKS[index])


@pytest.mark.parametrize("load", [load_ibgan, load_locatello])
def test_a_batch_needs_no_host_read(load):
    """Tensors of the meta device hold no values: a host read fails there."""
    data = load().to(torch.device("meta"))
    batch = data.images(torch.arange(4, device="meta"))
    assert (batch.device.type, batch.shape) == ("meta", (4, 3, 4, 4))


def test_the_two_variants_cannot_be_mistaken_for_each_other():
    ibgan, locatello = load_ibgan(), load_locatello()
    assert (ibgan.name, locatello.name) == ("color-dsprites-ibgan@drawn", "color-dsprites-locatello@drawn")
    assert len({ibgan.sha256, locatello.sha256, "0" * 64}) == 3
