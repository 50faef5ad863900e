"""Samples follow from their seed and disturb nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from disentangle_eval.report.samples import sample_grid, samples


def test_the_seed_alone_decides_the_picture_and_the_global_generator_is_left_alone(
    painter: Any, cpu: torch.device
) -> None:
    before = torch.get_rng_state()
    first = sample_grid(painter, 6, seed=3, device=cpu)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(99)
    np.testing.assert_array_equal(sample_grid(painter, 6, seed=3, device=cpu), first)
    assert not np.array_equal(sample_grid(painter, 6, seed=4, device=cpu), first)


def test_images_are_made_in_eval_mode_without_gradients_and_the_mode_is_put_back(
    painter: Any, cpu: torch.device
) -> None:
    painter.train()
    painter.dropout.eval()
    images = samples(painter, 70, seed=0, device=cpu)
    assert images.shape == (70, 1, 4, 4)
    assert not any(painter.modes)
    assert painter.training
    assert not painter.dropout.training
