"""Originals over reconstructions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from disentangle_eval.report.reconstruction import COLUMNS, reconstruction_picture


@dataclass
class Levels:
    """Image i is (1, 2, 2) of brightness i / 255."""

    size: int

    def __len__(self) -> int:
        return self.size

    def images(self, index: Tensor) -> Tensor:
        return (index / 255).float()[:, None, None, None].expand(-1, 1, 2, 2)


def tiles(picture: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """The brightness in the middle of each tile, (rows, columns)."""
    tile = 2 * 64 + 2
    left = picture.shape[1] - (columns * tile + 2)
    return picture[66::tile, left + 66 :: tile][:rows, :columns]


def test_each_image_stands_over_its_reconstruction(painter: Any, cpu: torch.device) -> None:
    picture = reconstruction_picture(painter, Levels(200), 2 * COLUMNS, seed=0, device=cpu)
    shown = tiles(picture, 4, COLUMNS).astype(int)
    np.testing.assert_array_equal(shown[0] + shown[1], 255)
    np.testing.assert_array_equal(shown[2] + shown[3], 255)
    originals = shown[[0, 2]].ravel()
    assert len(set(originals)) == 2 * COLUMNS
    assert not np.array_equal(np.sort(originals), originals)


def test_a_small_data_set_is_shown_whole(painter: Any, cpu: torch.device) -> None:
    picture = reconstruction_picture(painter, Levels(3), 16, seed=0, device=cpu)
    assert sorted(tiles(picture, 2, 3)[0].tolist()) == [0, 1, 2]
