"""What training sees of a data set: held-out combinations and correlated factors, while scoring sees it whole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from disentangle_eval.api import FactorGrid, ImageShape
from disentangle_eval.data import ByteImages, FactorSpace, ImageDataset
from disentangle_eval.data.training_part import with_training_part
from disentangle_eval.errors import UsageError
from disentangle_eval.training.step import TrainingStep

GRID = FactorSpace(("shape", "x", "y"), (4, 16, 16))
CPU = torch.device("cpu")


def toy(factors=GRID) -> ImageDataset:
    """Images that show their own index."""
    index = np.arange(1024)
    pixels = np.stack([index // 256, index % 256], axis=1).astype(np.uint8)[:, :, None, None]
    return ImageDataset("toy", "0" * 64, ByteImages.of(pixels), factors)


@dataclass(frozen=True)
class Plain:
    """A plugin's own data set."""

    name = "plain"
    sha256 = "0" * 64
    shape = ImageShape(2, 1, 1)
    factors = GRID

    def __len__(self):
        return 1024

    def images(self, index):
        return toy().images(index)

    def to(self, device):
        return self


def seen(data, batches: int, batch: int = 64, start: int = 0) -> np.ndarray:
    """The images that training sees, by index."""
    step = TrainingStep(data, batch, 0, CPU)
    step.sampler.drawn = start
    images = torch.cat([step.images() for _ in range(batches)])
    high, low = (images * 255).round().long()[:, :, 0, 0].unbind(dim=1)
    return (256 * high + low).numpy()


@pytest.mark.parametrize("data", [toy(), Plain()])
def test_held_out_combinations_are_never_seen_and_all_others_are(data):
    part = with_training_part(data, {"hold_out": "shape:3,x:8-15+y:0"})
    classes = GRID.classes(np.arange(1024))
    held = (classes[:, 0] == 3) | ((classes[:, 1] >= 8) & (classes[:, 2] == 0))
    assert TrainingStep(part, 8, 0, CPU).data_size == 768 - 3 * 8
    for start in (0, 93):  # two epochs
        assert sorted(seen(part, 93, 8, start)) == np.flatnonzero(~held).tolist()
    assert (len(part), part.factors) == (1024, GRID)
    assert isinstance(part.to(CPU).factors, FactorGrid)
    assert part.to(CPU).training_part is part.training_part


@pytest.mark.parametrize(("correlate", "sign"), [("x:y:0.2", 1), ("x:-y:0.2", -1)])
def test_correlated_factors_follow_the_published_density(correlate, sign):
    index = seen(with_training_part(toy(), {"correlate": correlate}), 3200)
    shape, x, y = GRID.classes(index).T
    a, b = np.meshgrid(np.arange(16) / 15, np.arange(16) / 15, indexing="ij")
    density = np.exp(-((a - (b if sign > 0 else 1 - b)) ** 2) / (2 * 0.2**2))
    expected = len(index) * density / density.sum()
    received = np.histogram2d(x, y, bins=16, range=[[0, 16], [0, 16]])[0]
    assert np.abs(received - expected).max() < 6 * np.sqrt(expected.max())
    assert np.corrcoef(x, y)[0, 1] * sign > 0.7
    assert abs(np.corrcoef(shape, x)[0, 1]) < 0.02
    assert np.bincount(shape).min() > 0.98 * len(index) / 4


def test_training_on_a_part_resumes_to_the_bit():
    data = with_training_part(toy(), {"correlate": "shape:x:0.4", "hold_out": "y:0-7"})
    step = TrainingStep(data, 64, 0, CPU)
    for _ in range(11):
        step.images()
    other = TrainingStep(data, 64, 0, CPU)
    other.restore(step.state(), 11)
    for _ in range(8):  # across the end of an epoch
        assert torch.equal(step.images(), other.images())


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"correlate": "x:y"}, "correlate: received 'x:y', expected pairs such as"),
        ({"correlate": "x:y:0"}, "a number above 0"),
        ({"correlate": "x:y:0.001,x:-y:0.001"}, "larger numbers: no image has a chance to be drawn"),
        ({"correlate": "x:z:0.2"}, "received 'z', expected a factor: shape, x, y"),
        ({"hold_out": "x"}, "hold_out: received 'x', expected combinations such as"),
        ({"hold_out": "x:16"}, "received x:16, expected classes of x from 0 to 15"),
        ({"hold_out": "x:0-15"}, "which is every image"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(settings, said):
    with pytest.raises(UsageError, match=said):
        with_training_part(toy(), settings)


def test_a_data_set_without_factors_has_no_such_settings():
    with pytest.raises(UsageError, match="received no known factors, expected factors"):
        with_training_part(toy(None), {"hold_out": "x:0"})
