"""What one iteration does to the weights, against loops written out by hand."""

import math
from collections import Counter
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.nn.functional import linear
from torch.utils._python_dispatch import TorchDispatchMode

from disentangle_eval.api import Group, ImageShape, Losses, Model, Optim, Player, Round
from disentangle_eval.config import ModelConfig
from disentangle_eval.errors import PluginError
from disentangle_eval.runtime.convolutions import rearrange
from disentangle_eval.runtime.products import LARGE, use_onednn
from disentangle_eval.training.iteration import due, logged_terms, run_iteration
from disentangle_eval.training.players import build_players

ALPHA, MOMENTUM, EPS = 0.5, 0.3, 1e-3


class Scalar(nn.Module):
    def __init__(self, value):
        super().__init__()
        self.value = nn.Parameter(torch.tensor(value, dtype=torch.float64))


class Duel(Model[ModelConfig]):
    """Two numbers a and b; a minimises (a - b)^2 and b minimises (a + 2 b - 1)^2."""

    def __init__(self, rounds):
        super().__init__(ModelConfig(), ImageShape(1, 1, 1))
        self.a, self.b = Scalar(0.3), Scalar(-0.8)
        self._rounds = rounds
        self.calls = []

    def players(self):
        optim = Optim(lr=0.05, kind="rmsprop", alpha=ALPHA, momentum=MOMENTUM, eps=EPS)
        return [Player("a", (Group(self.a),), optim), Player("b", (Group(self.b, lr=0.02),), optim)]

    def rounds(self):
        return [Round(getattr(self, name), players, **settings) for name, players, settings in self._rounds]

    def both(self, step):
        self.calls.append(("both", int(step.iteration)))
        a, b = self.a.value, self.b.value
        return Losses(total={"a": (a - b) ** 2, "b": (a + 2 * b - 1) ** 2}, terms={"gap": a - b})

    def other(self, step):
        self.calls.append(("other", int(step.iteration)))
        return Losses(total={"b": (self.a.value + 2 * self.b.value - 1) ** 2})


def play(model, iterations):
    players, step = build_players(model), SimpleNamespace(iteration=torch.tensor(0))
    records = [run_iteration(model.rounds(), players, step, n) for n in range(iterations)]
    return model.a.value.item(), model.b.value.item(), records


class RMSprop:
    """The rule in plain numbers."""

    def __init__(self, lr):
        self.lr, self.square, self.buffer = lr, 0.0, 0.0

    def step(self, value, gradient):
        self.square = ALPHA * self.square + (1 - ALPHA) * gradient**2
        self.buffer = MOMENTUM * self.buffer + gradient / (math.sqrt(self.square) + EPS)
        return value - self.lr * self.buffer


def test_a_round_of_two_players_takes_both_gradients_at_the_same_weights():
    a, b, optim_a, optim_b = 0.3, -0.8, RMSprop(0.05), RMSprop(0.02)
    for _ in range(5):
        gradient_a, gradient_b = 2 * (a - b), 4 * (a + 2 * b - 1)
        a, b = optim_a.step(a, gradient_a), optim_b.step(b, gradient_b)
    found = play(Duel([("both", ("a", "b"), {})]), 5)
    assert found[:2] == pytest.approx((a, b), rel=1e-12)
    assert play(Duel([("both", ("b", "a"), {})]), 5)[:2] == found[:2]


def test_rounds_follow_one_another_at_the_weights_the_last_one_left():
    a, b, optim_a, optim_b = 0.3, -0.8, RMSprop(0.05), RMSprop(0.02)
    for n in range(5):
        a = optim_a.step(a, 2 * (a - b))
        if n % 2 == 0:
            for _ in range(3):
                b = optim_b.step(b, 4 * (a + 2 * b - 1))
    rounds = [("both", ("a",), {}), ("other", ("b",), {"every": 2, "repeats": 3})]
    assert play(Duel(rounds), 5)[:2] == pytest.approx((a, b), rel=1e-12)


def test_a_player_whose_round_is_not_due_rests():
    model = Duel([("both", ("a",), {})])
    _, b, _ = play(model, 3)
    assert b == -0.8


def test_a_round_runs_from_its_start_and_before_its_end():
    rounds = [Round(lambda step: None, ("a",), every=2, start=3, end=9), Round(lambda step: None, ("a",), end=4)]
    ran = [[rounds.index(one) for one in due(rounds, iteration)] for iteration in range(11)]
    assert ran == [[1], [1], [1], [1], [0], [], [0], [], [0], [], []]


@pytest.mark.parametrize("wrong", [{"every": 0}, {"repeats": 0}, {"start": -1}, {"start": 5, "end": 5}])
def test_a_round_that_never_runs_is_refused(wrong):
    with pytest.raises(PluginError, match="Round: received"):
        Round(lambda step: None, ("a",), **wrong)


def test_every_and_repeats_say_when_and_how_often_a_round_runs():
    model = Duel([("both", ("a", "b"), {"every": 3}), ("other", ("b",), {"repeats": 2})])
    play(model, 5)
    others = [("other", n) for n in range(5) for _ in range(2)]
    assert model.calls == [("both", 0), *others[:6], ("both", 3), *others[6:]]


def test_the_log_is_shown_losses_and_terms_without_their_graphs():
    *_, records = play(Duel([("both", ("a", "b"), {}), ("other", ("b",), {})]), 1)
    (record,) = records
    assert set(record) == {"loss_a", "loss_b", "gap"}
    assert record["gap"].item() == pytest.approx(1.1)
    assert not any(value.requires_grad for value in record.values())


@pytest.mark.parametrize("name", ["iteration", "loss_vae", "score/mig", "validation_kl", "", 3])
def test_a_term_that_would_replace_another_in_the_log_is_refused(name):
    with pytest.raises(PluginError, match="expected a name of its own"):
        logged_terms(Losses(total={}, terms={name: torch.tensor(0.0)}))


def test_a_parameter_outside_a_round_s_loss_stays_as_it_is():
    model = Duel([("both", ("a", "b"), {})])
    model.b.unused = nn.Parameter(torch.tensor(4.0, dtype=torch.float64))
    play(model, 3)
    assert model.b.unused.item() == 4
    assert model.b.value.item() != -0.8


class Penalised(nn.Module):
    """A convolution with a gradient penalty, whose weights may lie channels last."""

    def __init__(self, layout):
        super().__init__()
        self.network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Tanh(), nn.Conv2d(4, 5, 2)).double()
        generator = torch.Generator().manual_seed(0)
        for parameter in self.network.parameters():
            nn.init.normal_(parameter, generator=generator)
        self.network.to(memory_format=layout)
        self.x = torch.randn(2, 3, 6, 6, dtype=torch.float64, generator=generator).contiguous(memory_format=layout)

    def players(self):
        return [Player("critic", (Group(self.network),), Optim(lr=0.1))]

    def rounds(self):
        return [Round(self.penalty, ("critic",))]

    def penalty(self, step):
        x = self.x.detach().requires_grad_()
        (slope,) = torch.autograd.grad(self.network(x).sum(), x, create_graph=True)
        return Losses(total={"critic": slope.square().sum()})


def test_weights_laid_out_channels_last_take_the_steps_that_others_take():
    models = [Penalised(layout) for layout in (torch.contiguous_format, torch.channels_last)]
    for model in models:
        players, step = build_players(model), SimpleNamespace(iteration=torch.tensor(0))
        for iteration in range(3):
            run_iteration(model.rounds(), players, step, iteration)
    for plain, last in zip(*(model.network.parameters() for model in models), strict=True):
        torch.testing.assert_close(last, plain)


class Through(Model[ModelConfig]):
    """`near` is trained through `far`, whose layers a CPU computes with operators of our own; `far` is not."""

    def __init__(self, far, shape):
        super().__init__(ModelConfig(), ImageShape(1, 1, 1))
        self.near, self.far = nn.ParameterList([torch.ones(shape)]), far

    def players(self):
        return [Player(name, (Group(getattr(self, name)),), Optim(lr=0.1)) for name in ("near", "far")]

    def rounds(self):
        return [Round(self.both, ("near", "far"))]

    def both(self, step):
        (x,) = self.near
        return Losses(total={"near": self.far(x).sum(), "far": self.far(x.detach()).square().sum()})


class Transposed(nn.Module):
    """A fully connected layer that multiplies by a view of its weight."""

    multiply = staticmethod(linear)

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(512, LARGE // 512))

    def forward(self, x):
        return self.multiply(x, self.weight.t())


class Shapes(TorchDispatchMode):
    """The shapes of every result of an operator."""

    def __init__(self):
        super().__init__()
        self.seen = Counter()

    def __torch_dispatch__(self, operator, types, args=(), kwargs=None):
        result = operator(*args, **(kwargs or {}))
        results = result if isinstance(result, (tuple, list)) else [result]
        self.seen.update(
            (operator.overloadpacket.__name__, tuple(one.shape)) for one in results if isinstance(one, torch.Tensor)
        )
        return result


@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="this torch has no oneDNN")
@pytest.mark.parametrize(
    ("far", "use", "operator", "of_input", "of_weight"),
    [
        (nn.Linear(512, LARGE // 512), use_onednn, "_linear_pointwise", (3, 512), (LARGE // 512, 512)),
        (Transposed(), use_onednn, "_linear_pointwise", (3, 512), (LARGE // 512, 512)),
        (nn.ConvTranspose2d(5, 3, 4, 2, padding=1), rearrange, "convolution_backward", (2, 5, 4, 4), (5, 3, 4, 4)),
    ],
)
def test_a_gradient_that_passes_through_another_players_layer_leaves_its_weights_alone(
    far, use, operator, of_input, of_weight
):
    use(far)
    model = Through(far, of_input)
    with Shapes() as shapes:
        run_iteration(model.rounds(), build_players(model), SimpleNamespace(iteration=torch.tensor(0)), 0)
    assert shapes.seen[operator, of_weight] == 1
    assert shapes.seen[operator, of_input] == 1
