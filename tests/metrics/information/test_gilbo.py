import json
import math

import numpy as np
import pytest
import torch
from generators import Deaf, GeneratorSubject, Toy
from scipy import stats
from torch import nn

from disentangle_eval.config import build
from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.latents import Normal, OneHot, Uniform
from disentangle_eval.metrics.information.config import GILBOConfig
from disentangle_eval.metrics.information.gilbo import GILBOMetric, Schedule
from disentangle_eval.metrics.information.gilbo_encoder import Encoder, information
from disentangle_eval.runtime.draws import GeneratorDraw

BRIEF = {"width": 2, "learning_rate": 0.01, "iterations_per_cycle": 200, "max_cycles": 3, "num_samples": 4000}


def score(model, seed=0, **settings):
    scores = GILBOMetric(build(GILBOConfig, {**BRIEF, **settings})).score(GeneratorSubject(model), seed)
    json.dumps(scores.values, allow_nan=False)
    assert scores.chance == 0
    return scores.values


def test_all_of_a_class_is_read_from_its_own_picture_and_no_more():
    values = score(Toy(OneHot(5)))
    assert values["ceiling"] == pytest.approx(math.log(5))
    assert math.log(5) - 0.02 < values["value"] <= math.log(5)
    assert values["num_samples"] == 4000


@pytest.mark.parametrize("part", [OneHot(4), Uniform(2), Normal(2)])
def test_nothing_is_read_from_a_generator_that_ignores_its_input(part):
    values = score(Deaf(part), max_cycles=1)
    assert -0.1 < values["value"] < 3 * values["standard_error"]


def test_a_noisy_linear_generator_tells_what_the_channel_capacity_allows():
    noise = 0.5
    values = score(Toy(Normal(3), noise=noise))
    true = 0.5 * math.log(1 + 1 / noise**2)
    assert 0.85 * 3 * true < values["value"] < 3 * true + 3 * values["standard_error"]
    assert values["by_dimension"] == pytest.approx([true] * 3, rel=0.2)
    assert values["ceiling"] is None


def test_a_noisy_uniform_input_is_read_up_to_its_true_information():
    noise = 0.3
    values = score(Toy(Uniform(1, 2.0, 4.0), noise=noise))
    x = np.linspace(0, 6, 20_001)
    density = (stats.norm.cdf((x - 2) / noise) - stats.norm.cdf((x - 4) / noise)) / 2
    entropy = np.trapezoid(-density * np.log(np.maximum(density, 1e-300)), x)
    true = entropy - 0.5 * math.log(2 * math.pi * math.e * noise**2)
    assert 0.85 * true < values["value"] < true + 3 * values["standard_error"]


def test_parts_are_read_side_by_side_each_in_its_family():
    values = score(Toy(OneHot(3), Normal(2), Uniform(1), noise=0.4))
    assert values["parts"] == ["one-hot, 3 classes", "normal, 2 dimensions", "uniform on (-1, 1), 1 dimensions"]
    assert len(values["by_dimension"]) == 4
    first, second, third, fourth = values["by_dimension"]
    assert values["by_part"] == pytest.approx([first, second + third, fourth])
    assert values["value"] == pytest.approx(sum(values["by_part"]))
    assert min(values["by_dimension"]) > 0.2


def test_only_the_first_parts_are_read_when_asked():
    values = score(Toy(OneHot(3), Normal(2)), parts=1)
    assert values["parts"] == ["one-hot, 3 classes"]
    assert values["value"] == pytest.approx(math.log(3), abs=0.02)
    assert len(score(Toy(OneHot(3), Normal(2)), parts=2)["parts"]) == 2
    with pytest.raises(UsageError, match="received 3, expected at most 2, the input being one-hot, 3 classes; normal"):
        score(Toy(OneHot(3), Normal(2)), parts=3)


def test_information_is_the_log_density_of_each_family_over_its_prior():
    parts = (Uniform(2, -1.0, 3.0), OneHot(3), Normal(2))
    draw = GeneratorDraw(0)
    outputs = 4 * draw.normal(50, 4 + 3 + 4)
    z = torch.cat([part.sample(draw, 50) for part in parts], dim=1)
    found = information(parts, outputs, z).numpy()
    out, given = outputs.double().numpy(), z.double().numpy()
    a, b = (1 + np.log1p(np.exp(half - 5)) for half in (out[:, :2], out[:, 2:4]))
    beta = stats.beta.logpdf((given[:, :2] + 1) / 4, a, b)
    one_hot = np.sum(given[:, 2:5] * (out[:, 4:7] - np.logaddexp.reduce(out[:, 4:7], axis=1)[:, None]), axis=1)
    normal = stats.norm.logpdf(given[:, 5:], out[:, 7:9], np.log1p(np.exp(out[:, 9:])))
    expected = np.hstack([beta, one_hot[:, None] + math.log(3), normal - stats.norm.logpdf(given[:, 5:])])
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


def test_the_ends_of_a_uniform_input_have_a_density():
    ends = torch.tensor([[-1.0], [1.0]])
    assert information([Uniform(1)], torch.full((2, 2), 9.0), ends).isfinite().all()


def test_layers_are_the_published_ones_and_convolutions_that_do_not_fit_are_left_out():
    with torch.device("meta"):
        full, tiny = Encoder([Uniform(64)], (3, 64, 64), 64), Encoder([OneHot(5)], (1, 9, 12), 64)
    shapes = [tuple(layer.weight.shape) for layer in full.layers if isinstance(layer, nn.Conv2d | nn.Linear)]
    assert shapes == [(64, 3, 4, 4), (128, 64, 4, 4), (1024, 128 * 14 * 14), (128, 1024)]
    assert {layer.negative_slope for layer in full.layers if isinstance(layer, nn.LeakyReLU)} == {0.2}
    assert {(layer.stride, layer.padding) for layer in full.layers if isinstance(layer, nn.Conv2d)} == {
        ((2, 2), (0, 0))
    }
    shapes = [tuple(layer.weight.shape) for layer in tiny.layers if isinstance(layer, nn.Conv2d | nn.Linear)]
    assert shapes == [(64, 1, 4, 4), (1024, 64 * 3 * 5), (5, 1024)]


def test_the_learning_rate_is_halved_below_a_floor_that_rises_with_what_was_reached():
    means = [-3.0, 1.0, 1.2, 1.3, 5.0, 5.4, 5.5, 5.1]
    rate, floor, reached, expected = 4e-4, -2.0, [0.0], []
    for mean in means:
        expected.append(rate)
        if mean < floor:
            rate /= 2
        reached.append(mean)
        floor = max(floor, mean + np.clip((reached[-1] - reached[-2]) * 0.75, 0.0, 0.5))
    schedule, found = Schedule(4e-4), []
    for mean in means:
        found.append(schedule.learning_rate)
        schedule = schedule.after(mean)
    assert found == expected == [4e-4, 2e-4, 2e-4, 1e-4, 5e-5, 5e-5, 2.5e-5, 1.25e-5]
    # A small gain raises the floor by three quarters of it: 0.4 is above 0.2 + 0.15.
    slow = Schedule(4e-4).after(0.2).after(0.4)
    assert slow.learning_rate == 4e-4
    assert slow.floor == pytest.approx(0.55)


def test_a_cycle_is_the_mean_information_of_its_iterations():
    # Nothing is learnt at this rate, so that training sees what fresh samples do.
    values = score(Toy(Normal(2), noise=0.5), learning_rate=1e-7, max_cycles=2)
    for mean in values["cycles"]:
        assert mean == pytest.approx(values["value"], abs=4 * values["std"] / math.sqrt(200 * 64))


def test_training_ends_when_the_learning_rate_is_gone():
    values = score(Deaf(OneHot(2)), learning_rate=3e-8, iterations_per_cycle=1, max_cycles=50, num_samples=10)
    assert len(values["cycles"]) < 50
    assert values["learning_rate"] < 1e-8


def test_the_seed_fixes_the_score_and_the_global_generator_and_the_model_are_left_alone():
    model = Toy(Normal(2), noise=0.5).train()
    before = torch.get_rng_state()
    settings = {"max_cycles": 1, "iterations_per_cycle": 20, "num_samples": 100}
    first, again, other = (score(model, seed, **settings) for seed in (0, 0, 1))
    assert first == again
    assert first["value"] != other["value"]
    assert torch.equal(torch.get_rng_state(), before)
    assert model.training
    assert model.weight.grad is None
    assert model.weight == 1


def test_spread_is_that_of_single_samples():
    values = score(Toy(Normal(1), noise=0.5))
    assert values["standard_error"] == pytest.approx(values["std"] / math.sqrt(values["num_samples"]))
    # log e(z|x) - log p(z) at the true posterior is quadratic in two normal numbers, correlated as z and x are.
    assert values["std"] == pytest.approx(math.sqrt(1 / (1 + 0.5**2)), rel=0.15)
    assert values["min"] < values["value"] - 3 * values["std"]


def test_images_that_are_no_numbers_are_an_error():
    model = Toy(Normal(2))
    nn.init.constant_(model.weight, math.nan)
    with pytest.raises(DevalError, match="gilbo: received nan nats in cycle 1 of training, expected a number"):
        score(model)
