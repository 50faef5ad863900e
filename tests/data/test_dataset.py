from __future__ import annotations

import numpy as np
import pytest
import torch

from disentangle_eval.data.dataset import ImageDataset
from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.data.images import ByteImages

IMAGES = ByteImages(torch.arange(6, dtype=torch.uint8).view(6, 1, 1, 1))


def test_a_data_set_moves_with_its_name_and_factors():
    data = ImageDataset("toy", "0" * 64, IMAGES, FactorSpace(("a", "b"), (2, 3)))
    moved = data.to(torch.device("meta"))
    assert (moved.name, moved.sha256, moved.factors, moved.shape) == ("toy", "0" * 64, data.factors, (1, 1, 1))
    assert len(moved) == 6
    assert moved.images(torch.arange(2, device="meta")).device.type == "meta"


def test_factors_that_do_not_count_the_images_are_refused():
    with pytest.raises(ValueError, match="6 images for the factors of 8"):
        ImageDataset("toy", "0" * 64, IMAGES, FactorSpace(("a", "b"), (2, 4)))


def test_labels_that_do_not_count_the_images_are_refused():
    assert ImageDataset("toy", "0" * 64, IMAGES, labels=np.arange(6)).to(torch.device("meta")).labels.tolist() == [
        *range(6)
    ]
    with pytest.raises(ValueError, match=r"6 images for labels of shape \(5,\)"):
        ImageDataset("toy", "0" * 64, IMAGES, labels=np.arange(5))
