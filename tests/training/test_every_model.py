"""What holds for the training of every installed model."""

import pytest
import torch
from small_models import small

from disentangle_eval.registry.lookup import load_registry
from disentangle_eval.runtime.checksums import checksum
from disentangle_eval.testing.trial import Trial


def state(trial):
    return checksum([trial.weights(), trial.state(), trial.means()])


@pytest.mark.parametrize("name", load_registry().models)
def test_seeds_that_take_turns_are_those_they_are_alone_and_twice_the_same(name):
    candidate = small(name)
    alone = {}
    for seed in (0, 3, 3):
        trial = Trial(candidate, seed)
        trial.advance(2)
        found = state(trial)
        assert alone.setdefault(seed, found) == found
    assert alone[0] != alone[3]
    together = [Trial(candidate, seed) for seed in alone]
    torch.manual_seed(1)  # what others draw changes nothing
    for _ in range(2):
        for trial in together:
            trial.advance(1)
    assert [state(trial) for trial in together] == list(alone.values())
