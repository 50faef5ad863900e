"""A traversal in motion: frames and the file they make."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from disentangle_eval.latents import Continuous
from disentangle_eval.report.animation import FRAME_MILLISECONDS, frames, save_gif, to_and_fro
from disentangle_eval.report.traversal import Sweep, sweeps


def test_positions_go_to_the_end_and_back_without_halting() -> None:
    assert to_and_fro(4) == [0, 1, 2, 3, 2, 1]
    assert to_and_fro(1) == [0]


def test_every_dimension_moves_through_its_own_positions(painter: Any, cpu: torch.device) -> None:
    shown = sweeps(painter, 5, seed=0, device=cpu)
    pictures = frames(shown)
    assert len(pictures) == 8
    np.testing.assert_array_equal(pictures[1], pictures[7])
    for sweep in shown:
        first, last = ((sweep.images[at, 0].repeat_interleave(32, 0)[:, 0] * 255).round().byte() for at in (0, -1))
        for column, picture in ((first, pictures[0]), (last, pictures[4])):
            windows = np.lib.stride_tricks.sliding_window_view(picture, 128, axis=0)
            assert (windows == column.numpy()).all(axis=2).any()


@pytest.mark.parametrize("channels", [1, 3])
def test_the_file_plays_all_frames_for_ever(painter: Any, cpu: torch.device, tmp_path: Path, channels: int) -> None:
    grey = sweeps(painter, 5, seed=0, device=cpu)
    shown = [Sweep(s.dimension, s.kind, s.rate, s.positions, s.images.expand(-1, channels, -1, -1)) for s in grey]
    pictures = frames(shown)
    save_gif(tmp_path / "a.gif", pictures)
    with Image.open(tmp_path / "a.gif") as gif:
        assert gif.n_frames == len(pictures)
        assert gif.info["loop"] == 0
        assert gif.info["duration"] == FRAME_MILLISECONDS
        for number in (0, 3):
            gif.seek(number)
            seen = np.asarray(gif.convert("RGB" if channels == 3 else "L")).astype(int)
            assert np.abs(seen - pictures[number]).mean() < 4
    assert [path.name for path in tmp_path.iterdir()] == ["a.gif"]


def test_ten_moving_dimensions_stay_below_a_megabyte(tmp_path: Path) -> None:
    y, x = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="ij")
    centres = torch.linspace(12, 52, 21)[:, None, None, None]
    blob = torch.sigmoid(10 - ((x - centres) ** 2 + (y - 32) ** 2).sqrt())
    shown = [Sweep(d, Continuous(), 1.0, tuple(range(21)), blob) for d in range(10)]
    save_gif(tmp_path / "a.gif", frames(shown))
    assert (tmp_path / "a.gif").stat().st_size < 1_000_000
