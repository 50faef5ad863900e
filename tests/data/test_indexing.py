"""Data sets as sequences, and in anyone's own loop."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from disentangle_eval.api import ImageShape, Nuisance
from disentangle_eval.data import ByteImages, FactorSpace, ImageDataset, NuisanceDataset, indexed

PIXELS = np.random.default_rng(0).integers(256, size=(6, 3, 2, 2), dtype=np.uint8)
GRID = FactorSpace(("a", "b"), (2, 3))
SHAPE = ImageShape(3, 2, 2)
LABELS = np.array([3, 1, 4, 1, 5, 9])


@dataclass(frozen=True)
class Plain:
    """A plugin's own data set, without a base class."""

    factors: FactorSpace | None = GRID
    name: str = "plain"
    sha256: str = "0" * 64
    shape: ImageShape = SHAPE

    def __len__(self):
        return 6

    def images(self, index):
        return torch.from_numpy(PIXELS)[index] / 255

    def to(self, device):
        return replace(self)


@dataclass(frozen=True)
class Noisy(Plain):
    def observe(self, index, draw):
        return draw.uniform(len(index), *self.shape)


@dataclass(frozen=True)
class NoisyStore:
    shape: ImageShape = SHAPE

    def __len__(self):
        return 6

    def images(self, index):
        return Plain().images(index)

    def observe(self, index, draw):
        return draw.uniform(len(index), *self.shape)

    def to(self, device):
        return self


def toy(**known) -> ImageDataset:
    return ImageDataset("toy", "0" * 64, ByteImages.of(PIXELS), **known)


def nuisance() -> NuisanceDataset:
    return NuisanceDataset("noisy", "0" * 64, NoisyStore(), GRID)


EVERY = [toy(factors=GRID), nuisance(), indexed(Plain()), indexed(Noisy())]


@pytest.mark.parametrize("data", EVERY, ids=lambda data: f"{type(data).__name__} {data.name}")
def test_an_item_is_an_image_and_the_classes_of_its_factors(data):
    for i in (0, 4, np.int64(4), -2, torch.tensor(5)):
        image, classes = data[i]
        position = int(i) % 6
        np.testing.assert_allclose(image * 255, PIXELS[position], atol=1e-4)
        assert image.dtype == torch.float32
        assert (classes.tolist(), classes.dtype) == (GRID.classes(np.array(position)).tolist(), np.int64)
    assert data.classes([[0, 5]]).tolist() == [[[0, 0], [1, 2]]]
    assert len(list(data)) == 6
    with pytest.raises(IndexError):
        data[6]


def test_labels_stand_in_for_factors_and_nothing_for_neither():
    assert toy(labels=LABELS)[2][1] == 4
    assert toy(labels=LABELS).classes([0, 1]).tolist() == [3, 1]
    assert toy()[0][1].shape == (0,)
    assert toy(factors=GRID, labels=LABELS)[5][1].tolist() == [1, 2]


@pytest.mark.parametrize("data", EVERY, ids=lambda data: f"{type(data).__name__} {data.name}")
@pytest.mark.parametrize("workers", [0, 1])
def test_a_data_loader_gives_batches_of_them(data, workers):
    images, classes = zip(*DataLoader(data.torch_dataset(), batch_size=4, num_workers=workers), strict=True)
    assert [len(batch) for batch in images] == [4, 2]
    np.testing.assert_allclose(torch.cat(images) * 255, PIXELS, atol=1e-4)
    assert torch.cat(classes).tolist() == GRID.classes(np.arange(6)).tolist()


@pytest.mark.parametrize("data", [nuisance(), indexed(Noisy())])
def test_a_nuisance_is_drawn_anew_where_that_is_wanted(data):
    assert isinstance(data, Nuisance)
    fixed, fresh = data.torch_dataset(), data.torch_dataset(fresh_nuisance=True)
    assert torch.equal(fixed[0][0], fixed[0][0])
    torch.manual_seed(0)
    first = fresh[0][0]
    assert not torch.equal(fresh[0][0], first)
    torch.manual_seed(0)
    assert torch.equal(fresh[0][0], first)


def test_a_wrapped_data_set_keeps_what_it_offers():
    data = indexed(Plain(None))
    assert (data.name, data.shape, data.factors, len(data.to(torch.device("cpu")))) == ("plain", (3, 2, 2), None, 6)
    assert not isinstance(data, Nuisance)
    assert indexed(data) is data
