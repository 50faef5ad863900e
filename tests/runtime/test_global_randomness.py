"""Whether a computation used the process's global generators."""

import random

import numpy as np
import pytest
import torch

from disentangle_eval.runtime.global_randomness import GlobalState, borrowed_globals


@pytest.mark.parametrize(
    ("draw", "name"),
    [(lambda: torch.rand(1), "torch's"), (np.random.standard_normal, "numpy's"), (random.random, "Python's")],
)
def test_a_draw_from_a_global_generator_is_seen(draw, name):
    with borrowed_globals(seed=0) as before:
        draw()
        assert before.moved() == [f"{name} global generator"]


def test_the_second_of_two_normal_numbers_is_seen_too():
    with borrowed_globals(seed=0):
        np.random.standard_normal()
        before = GlobalState.now()
        assert before.moved() == []
        np.random.standard_normal()
        assert before.moved() == ["numpy's global generator"]
