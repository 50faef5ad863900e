"""Learning rates that follow a schedule, in a run and in a resumed run."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn
from toy_gan import ToyConfig, ToyGAN, assert_same_run, finish, resumed, started

from disentangle_eval.api import CosineDecay, Group, LinearWarmUp, Losses, Optim, Player, PolynomialDecay, Round
from disentangle_eval.training.iteration import run_iteration
from disentangle_eval.training.players import BuiltPlayer, build_players

DECAY = PolynomialDecay(iterations=10, final=0.2, power=0.5)


@pytest.mark.parametrize(
    ("iteration", "share"), [(0, 1.0), (6, 0.2 + 0.8 * 0.4**0.5), (9, 0.2 + 0.8 * 0.1**0.5), (10, 0.2), (1_000, 0.2)]
)
def test_it_starts_whole_and_ends_at_its_final_share(iteration, share):
    assert DECAY.share(iteration) == pytest.approx(share, rel=1e-12)


def test_a_linear_one_is_the_default():
    assert PolynomialDecay(iterations=4, final=0.0).share(1) == 0.75


@pytest.mark.parametrize(
    ("schedule", "shares"),
    [
        (CosineDecay(iterations=4, final=0.2), {0: 1.0, 2: 0.6, 4: 0.2, 9: 0.2}),
        (LinearWarmUp(iterations=4), {0: 0.25, 2: 0.75, 3: 1.0, 9: 1.0}),
        (LinearWarmUp(iterations=4, then=CosineDecay(iterations=2)), {0: 0.25, 4: 1.0, 5: 0.5, 6: 0.0}),
        (DECAY, {iteration: DECAY.share(iteration) for iteration in (0, 3, 9, 10, 11)}),
        (lambda iteration: 1 / (1 + iteration), {0: 1.0, 3: 0.25}),
    ],
)
def test_schedules_are_functions_of_the_iteration_on_the_host_and_on_the_device(schedule, shares):
    optimiser = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1)
    player = BuiltPlayer(tuple(optimiser.param_groups[0]["params"]), optimiser, (0.1,), schedule)
    for iteration, share in shares.items():
        player.follow_schedule(iteration)
        assert optimiser.param_groups[0]["lr"] == pytest.approx(0.1 * share, abs=1e-12)
        player.follow_schedule_on_device(torch.tensor(iteration))
        assert optimiser.param_groups[0]["lr"].item() == pytest.approx(0.1 * share, abs=1e-8)


class Slope(nn.Module):
    """Two numbers on a slope of 1, under an optimiser whose first step is its learning rate in size."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)

    def players(self):
        optim = Optim(lr=0.1, betas=(0.0, 0.0), eps=1e-30, schedule=DECAY)
        return [Player("both", (Group(self.a), Group(self.b, lr=0.03)), optim)]

    def rounds(self):
        return [Round(lambda step: Losses(total={"both": (self.a.weight + self.b.weight).sum()}), ("both",))]


def test_every_group_steps_at_its_own_rate_times_the_share():
    model, step = Slope(), SimpleNamespace(iteration=torch.tensor(0))
    players = build_players(model)
    for iteration in range(12):
        before = [network.weight.item() for network in (model.a, model.b)]
        run_iteration(model.rounds(), players, step, iteration)
        after = [network.weight.item() for network in (model.a, model.b)]
        steps = [was - now for was, now in zip(before, after, strict=True)]
        assert steps == pytest.approx([0.1 * DECAY.share(iteration), 0.03 * DECAY.share(iteration)], rel=1e-4)


def test_without_a_schedule_rates_stay():
    players = build_players(ToyGAN(ToyConfig(), (1, 2, 2)))
    for player in players.values():
        player.follow_schedule(7)
        assert [group["lr"] for group in player.optimiser.param_groups] == [0.01]


def test_a_resumed_run_goes_on_at_the_same_rates_to_the_same_bits(tmp_path, monkeypatch):
    plain = ToyGAN.players

    def scheduled(self):
        optim = Optim(lr=0.01, schedule=DECAY)
        return [Player(player.name, player.groups, optim) for player in plain(self)]

    monkeypatch.setattr(ToyGAN, "players", scheduled)
    whole = finish(started(tmp_path / "whole"))
    broken = started(tmp_path / "broken")
    broken.training.data.at = lambda n: broken.stop() if n == 6 else None
    broken.train()
    assert 0 < broken.iteration < 12
    assert_same_run(finish(resumed(tmp_path / "broken")), whole)
