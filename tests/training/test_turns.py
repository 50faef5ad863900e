"""Runs trained in one process in turn."""

import pytest
import torch
from toy_gan import ToyData, assert_same_run, finish, started

from disentangle_eval.errors import DevalError
from disentangle_eval.testing.host_graph import HostGraph
from disentangle_eval.training.run import Watchers
from disentangle_eval.training.turns import take_turns

CPU = torch.device("cpu")


@pytest.mark.parametrize("new_graph", [None, HostGraph])
def test_each_of_several_seeds_ends_as_it_does_alone(tmp_path, new_graph):
    seeds = range(3)
    # Their lengths differ: one leaves its place to the others.
    alone = [
        finish(started(tmp_path / f"alone{seed}", seed=seed, iterations=8 + seed, new_graph=new_graph))
        for seed in seeds
    ]
    runs = [started(tmp_path / f"run{seed}", seed=seed, iterations=8 + seed, new_graph=new_graph) for seed in seeds]
    take_turns([run.in_turns(Watchers()) for run in runs], CPU)
    for run, folder in zip(runs, alone, strict=True):
        assert_same_run(run.folder, folder)


def test_they_take_turns(tmp_path):
    order = []
    runs = [started(tmp_path / name, iterations=3) for name in "ab"]
    for name, run in zip("ab", runs, strict=True):
        run.training.data.at = lambda n, name=name: order.append(f"{name}{n}")
    take_turns([run.in_turns(Watchers()) for run in runs], CPU)
    assert order == ["a0", "b0", "a1", "b1", "a2", "b2"]


def test_what_ends_one_training_badly_ends_the_turns(tmp_path):
    data = ToyData()
    data.poisoned = {2}
    runs = [started(tmp_path / "poisoned", data=data, log=1), started(tmp_path / "sound", log=1)]
    with pytest.raises(DevalError, match="became NaN"):
        take_turns([run.in_turns(Watchers()) for run in runs], CPU)
