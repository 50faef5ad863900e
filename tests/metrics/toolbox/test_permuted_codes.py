import numpy as np
import pytest

from disentangle_eval.config import build
from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.data.sets.dsprites.geometry import FACTORS
from disentangle_eval.metrics.factors.config import FactorVAEConfig, HigginsConfig
from disentangle_eval.metrics.factors.factorvae import FactorVAEMetric
from disentangle_eval.metrics.factors.higgins import HigginsMetric
from disentangle_eval.metrics.subject import CodeTable
from disentangle_eval.metrics.toolbox.permuted_codes import has_small_classes

METRICS = {"factorvae": (FactorVAEMetric, FactorVAEConfig), "higgins": (HigginsMetric, HigginsConfig)}


def space_of(*sizes):
    return FactorSpace(tuple(f"f{place}" for place in range(len(sizes))), sizes)


def scores_of_noise(name, space, seeds):
    metric, config = METRICS[name]
    counted = {"train_votes": 2000, "eval_votes": 1000} if name == "factorvae" else {"train_points": 3000}
    cfg = build(config, {**config.protocols["dlib"], **counted})
    codes = [np.random.default_rng(10 + seed).normal(size=(len(space), 6)) for seed in range(seeds)]
    return [metric(cfg).score(CodeTable(code, space), seed) for seed, code in enumerate(codes)]


@pytest.mark.parametrize("sizes", [(2, 3, 4), (4, 5, 12), (2, 2, 250)])
@pytest.mark.parametrize("name", METRICS)
def test_noise_on_a_grid_of_small_classes_scores_chance_and_more_than_one_over_the_factors(name, sizes):
    found = scores_of_noise(name, space_of(*sizes), 2)
    noise, chance = (np.mean(one) for one in zip(*((each.values["value"], each.chance) for each in found), strict=True))
    assert noise == pytest.approx(chance, abs=0.1)
    assert chance > 1 / 3 + 0.02


@pytest.mark.parametrize("name", METRICS)
def test_noise_on_a_grid_of_large_classes_scores_one_over_the_factors(name):
    (found,) = scores_of_noise(name, space_of(*(4,) * 8), 1)
    assert found.chance == 1 / 8
    assert found.values["value"] == pytest.approx(1 / 8, abs=0.03)


def test_classes_are_small_below_ten_thousand_images_in_the_smallest():
    assert has_small_classes(space_of(99, 10, 1000))
    assert not has_small_classes(space_of(100, 100, 100))
    assert not has_small_classes(FACTORS)
