import json
import math

import numpy as np
import pytest
import torch
from generators import GeneratorSubject, Toy

from disentangle_eval.config import build
from disentangle_eval.errors import DevalError
from disentangle_eval.latents import Normal, OneHot
from disentangle_eval.metrics.information.config import MIBoundsConfig
from disentangle_eval.metrics.information.mi_bounds import MIBoundsMetric, violation

SAMPLES = 3000


class Reader(Toy):
    """A generator that tells `gain` nats a dimension where there is no noise, and half of that under noise."""

    gain = 1.5

    def lower_bound(self, z, draw, iteration=None):
        assert not self.training
        self.iterations = [*getattr(self, "iterations", []), iteration]
        return (1.0 if iteration is None else 0.5) * self.gain * z.square() + 0.1 * draw.normal(*z.shape)


class Bottlenecked(Reader):
    def rate(self, z):
        return 2 * z.square().repeat(1, 2)


class Gaussian(Toy):
    """x = z + noise, read by the true posterior, with r = x as a bottleneck: both bounds are what is told."""

    def lower_bound(self, z, draw, iteration=None):
        precision = 1 + 1 / self.noise**2
        x = z + self.noise * draw.normal(*z.shape)
        q = torch.distributions.Normal(x / self.noise**2 / precision, precision**-0.5)
        return q.log_prob(z) - torch.distributions.Normal(0.0, 1.0).log_prob(z)

    def rate(self, z):
        variance = 1 + self.noise**2
        return 0.5 * ((z.square() + self.noise**2) / variance + math.log(variance) - math.log(self.noise**2) - 1)


def score(model, iteration=None, protocol="ib-gan", seed=0, **settings):
    cfg = build(MIBoundsConfig, {**MIBoundsConfig.protocols[protocol], "num_samples": SAMPLES, **settings})
    scores = MIBoundsMetric(cfg).score(GeneratorSubject(model, iteration), seed)
    json.dumps(scores.values, allow_nan=False)
    assert scores.chance is None
    return scores.values


def test_both_bounds_meet_at_the_information_of_a_gaussian_channel():
    values = score(Gaussian(Normal(2), noise=0.5), iteration=1)
    true = 0.5 * math.log(1 + 1 / 0.5**2)
    for bound in ("lower", "lower_noise_free", "upper"):
        assert values[bound] == pytest.approx(2 * true, abs=4 * values[f"{bound}_standard_error"])
        assert values[f"{bound}_by_dimension"] == pytest.approx([true] * 2, abs=0.1)


def test_columns_are_summed_and_the_standard_error_is_of_the_sums():
    model = Bottlenecked(Normal(3))
    values = score(model, iteration=7)
    assert values["upper"] == pytest.approx(2 * 2 * 3, abs=4 * values["upper_standard_error"])
    assert len(values["upper_by_dimension"]) == 6
    # A rate is 4 z^2, whose variance is 32 a dimension of z.
    assert values["upper_standard_error"] == pytest.approx(math.sqrt(3 * 32 / SAMPLES), rel=0.1)
    assert values["lower_noise_free"] == pytest.approx(1.5 * 3, abs=0.3)
    assert sum(values["lower_by_dimension"]) == pytest.approx(values["lower"])


def test_the_noise_is_that_of_the_last_iteration_and_the_protocol_says_which_bound_is_the_score():
    model = Bottlenecked(Normal(3))
    values = score(model, iteration=7)
    assert set(model.iterations) == {None, 6}
    assert values["value"] == values["lower"] == pytest.approx(values["lower_noise_free"] / 2, rel=0.02)
    assert values["noise"] == "training"
    free = score(model, iteration=7, protocol="noise-free")
    assert free["value"] == free["lower_noise_free"] == values["lower_noise_free"]
    assert free["noise"] == "none"
    assert free["lower"] == values["lower"]


def test_where_the_iteration_is_not_known_only_images_without_noise_are_read_and_a_note_says_so():
    model = Bottlenecked(Normal(3))
    values = score(model)
    assert set(model.iterations) == {None}
    assert values["value"] == values["lower_noise_free"]
    assert values["lower"] is values["lower_by_dimension"] is None
    assert values["noise"] == "none"
    assert "iteration is not known" in values["note"]
    assert score(model, protocol="noise-free")["note"] == ""


def test_without_a_bottleneck_there_is_no_upper_bound():
    values = score(Reader(OneHot(3)), iteration=1)
    assert values["upper"] is values["upper_standard_error"] is values["upper_by_dimension"] is None
    assert values["violation"] is None


def test_a_lower_bound_above_the_upper_one_is_flagged_and_no_error(caplog):
    model = Bottlenecked(Normal(3))
    model.gain = 5.0
    caplog.set_level("INFO", logger="disentangle_eval")
    values = score(model, iteration=1)
    assert values["violation"]
    assert values["note"].startswith("lower bound without noise above the upper one by ")
    assert values["note"] in caplog.text
    model.gain = 3.0
    sound = score(model, iteration=1)
    assert not sound["violation"]
    assert sound["note"] == ""


def test_an_excess_is_told_with_the_standard_error_of_the_difference():
    upper = np.random.default_rng(0).integers(-9, 9, size=(100, 2)).astype(float)
    excess = np.tile([1.0, 3.0], 50)
    lower = upper + np.stack([excess, 0 * excess], axis=1)
    error = excess.std(ddof=1) / 10
    assert violation("x", lower, upper) == f"lower bound x above the upper one by 2 +- {error:.2g} nats"
    assert violation("x", upper, upper) == ""


def test_bounds_that_are_no_numbers_are_an_error():
    model = Reader(Normal(3))
    model.gain = math.nan
    with pytest.raises(DevalError, match=r"Reader.lower_bound: received NaN or infinite nats, expected numbers"):
        score(model)
