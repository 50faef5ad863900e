import math

import pytest
import torch
from scipy import stats

from disentangle_eval.latents import Categorical, Continuous, Normal, OneHot, Prior, Uniform, continuous, is_categorical
from disentangle_eval.runtime.draws import GeneratorDraw


def test_a_prior_lays_its_parts_side_by_side_in_the_order_given():
    prior = Prior((OneHot(3), Uniform(2, low=-2, high=0), Normal(4)))
    z = prior.sample(GeneratorDraw(0), 1000)
    assert prior.dim == 9
    assert z.shape == (1000, 9)
    assert z.dtype == torch.float32
    one_hot, uniform, normal = z.split([3, 2, 4], dim=1)
    assert set(one_hot.unique().tolist()) == {0, 1}
    assert (one_hot.sum(dim=1) == 1).all()
    assert (one_hot.mean(dim=0) - 1 / 3).abs().max() < 0.06
    assert -2 <= uniform.min() < -1.95
    assert -0.05 < uniform.max() <= 0
    assert stats.kstest(normal.flatten(), "norm").pvalue > 1e-3


def test_log_probabilities_are_the_closed_forms_and_add_up():
    prior = Prior((Normal(2), Uniform(2, low=-1, high=3), OneHot(5)))
    z = prior.sample(GeneratorDraw(1), 6)
    expected = stats.norm.logpdf(z[:, :2]).sum(axis=1) - 2 * math.log(4) - math.log(5)
    torch.testing.assert_close(prior.log_prob(z), torch.as_tensor(expected, dtype=torch.float32))


def test_a_uniform_latent_cannot_lie_outside_its_bounds():
    z = torch.tensor([[0.0, 0.5], [0.0, 1.5], [-1.0, 1.0]])
    assert Uniform(2).log_prob(z).tolist() == pytest.approx([-2 * math.log(2), -math.inf, -2 * math.log(2)])


def test_only_one_hot_vectors_have_a_probability_under_equally_likely_classes():
    z = torch.tensor([[0.0, 1.0, 0.0], [0.2, 0.5, 0.3], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    assert OneHot(3).log_prob(z).tolist() == pytest.approx([-math.log(3), -math.inf, -math.inf, -math.inf])


def test_a_code_says_which_of_its_columns_are_classes():
    assert continuous(3) == (Continuous(),) * 3
    assert is_categorical((Continuous(), Categorical(10), Continuous())) == [False, True, False]
