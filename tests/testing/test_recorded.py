"""A recorded step and recorded calls show what a loss was made of."""

import torch
from torch import nn

from disentangle_eval.testing import RecordedStep, record_calls


def hand_out(step):
    return [step.images(), step.normal(2), step.uniform(3), step.integers(7, 4), step.permutation(5, 2), step.images()]


def test_what_was_handed_out_stays_readable_by_kind_and_in_order():
    step = RecordedStep(2, (1, 4, 4), iteration=9)
    first, normal, uniform, integers, permutation, second = hand_out(step)
    expected = {
        "normal": [normal],
        "uniform": [uniform],
        "integers": [integers],
        "permutation": [permutation],
        "images": [first, second],
    }
    assert {kind: [x.tolist() for x in kept] for kind, kept in step.handed.items()} == {
        kind: [x.tolist() for x in kept] for kind, kept in expected.items()
    }
    assert not torch.equal(first, second)
    normal.zero_()
    assert step.handed["normal"][0].any()
    assert (step.batch, step.data_size, step.iteration.item()) == (2, 20, 9)


def test_the_seed_says_what_is_handed_out():
    one, same, other = (hand_out(RecordedStep(2, (1, 4, 4), seed=seed)) for seed in (5, 5, 6))
    assert all(torch.equal(a, b) for a, b in zip(one, same, strict=True))
    assert not torch.equal(one[0], other[0])


def test_calls_are_kept_as_inputs_and_output_of_the_networks_named():
    model = nn.ModuleDict({"inner": nn.Sequential(nn.Linear(3, 2)), "pair": nn.Bilinear(2, 2, 1)})
    calls = record_calls(model, ["inner.0", "pair"])
    x = torch.ones(1, 3)
    hidden = model["inner"](x)
    output = model["pair"](hidden, hidden)
    assert list(calls) == ["inner.0", "pair"]
    assert calls["inner.0"][0][0] is x
    assert [value is kept for value, kept in zip((hidden, hidden, output), calls["pair"][0], strict=True)] == [True] * 3
