"""What a step says of its images, and pairs that differ in factors drawn at random."""

import numpy as np
import pytest
import torch

from disentangle_eval.api import ImageShape
from disentangle_eval.data.dataset import ImageDataset
from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.data.images import ByteImages
from disentangle_eval.errors import DevalError
from disentangle_eval.runtime.draws import GeneratorDraw
from disentangle_eval.testing.trial import random_images
from disentangle_eval.training.known import Known
from disentangle_eval.training.step import TrainingStep

SIZES = (3, 1, 4, 2)
CPU = torch.device("cpu")


@pytest.fixture
def data():
    """24 images that show their index, in a grid."""
    n = int(np.prod(SIZES))
    pixels = torch.arange(n, dtype=torch.uint8).view(n, 1, 1, 1).expand(n, 1, 2, 2).contiguous()
    space = FactorSpace(("a", "b", "c", "d"), SIZES)
    return ImageDataset("grid@drawn", "0" * 64, ByteImages(pixels), space, labels=np.arange(n) % 5)


def shown(images):
    return (images[:, 0, 0, 0] * 255).round().long()


def test_index_labels_and_factors_are_those_of_the_last_images(data):
    step = TrainingStep(data, 6, 0, CPU)
    for _ in range(3):
        index = shown(step.images())
        assert torch.equal(step.index, index)
        assert torch.equal(step.labels, index % 5)
        assert np.array_equal(step.factors.numpy(), data.factors.classes(index.numpy()))


@pytest.mark.parametrize("count", [1, 2, 3, None])
def test_pairs_differ_in_so_many_factors_each_equally_often_and_in_every_other_class(data, count):
    known, draw = Known(data, CPU), GeneratorDraw(0)
    first = torch.arange(24).repeat(500)
    second = known.partners(first, count, draw)
    before, after = (data.factors.classes(index.numpy()) for index in (first, second))
    differs = before != after
    numbers = differs.sum(axis=1)
    assert set(numbers) == ({1, 2} if count is None else {count})
    expected = np.mean(numbers) / 3
    np.testing.assert_allclose(differs.mean(axis=0), [expected, 0, expected, expected], atol=0.02)
    steps = (after - before)[differs[:, 2], 2] % 4
    np.testing.assert_allclose(np.bincount(steps, minlength=4)[1:] / len(steps), 1 / 3, atol=0.03)


def test_a_step_hands_out_pairs_of_its_next_batch(data):
    step, plain = TrainingStep(data, 6, 0, CPU), TrainingStep(data, 6, 0, CPU)
    first, second = step.pairs(1)
    assert torch.equal(first, plain.images())
    assert torch.equal(step.index, shown(first))
    differs = data.factors.classes(shown(first).numpy()) != data.factors.classes(shown(second).numpy())
    assert set(differs.sum(axis=1)) == {1}


def test_what_is_not_known_is_one_line(data):
    step = TrainingStep(random_images(ImageShape(1, 2, 2), 8, 0), 4, 0, CPU)
    with pytest.raises(DevalError, match=r"step\.images\(\) before it"):
        _ = step.index
    step.images()
    for ask in (lambda: step.labels, lambda: step.factors, lambda: step.pairs(1)):
        with pytest.raises(DevalError, match="which the model trains on"):
            ask()
    with pytest.raises(DevalError, match="from 1 to 3 factors"):
        TrainingStep(data, 6, 0, CPU).pairs(4)
