"""Codes, what is read of them, and the bound on the information."""

import math

import pytest
import torch

from disentangle_eval.latents import Categorical, Continuous
from disentangle_eval.nn.code_heads import Codes, Reading
from disentangle_eval.nn.code_sweeps import code_traversal
from disentangle_eval.runtime.draws import GeneratorDraw

CODES = Codes(categorical=2, classes=10, continuous=3, noise_dim=4)
CERTAIN = 1e3


def perfect(codes, latent, std=1.0):
    """A Q that knows every code; it holds its own standard deviation for `std`."""
    hot, continuous, _ = codes.split(latent)
    return Reading(CERTAIN * hot, continuous, torch.full_like(continuous, 2 * math.log(std)))


def ignorant(codes, latent):
    hot, continuous, _ = codes.split(latent)
    return Reading(torch.zeros_like(hot), torch.zeros_like(continuous), torch.zeros_like(continuous))


@pytest.fixture
def latent():
    return CODES.prior.sample(GeneratorDraw(0), 5_000)


def test_a_latent_is_one_hot_codes_then_continuous_codes_then_noise(latent):
    hot, continuous, noise = CODES.split(latent)
    assert (hot.shape, continuous.shape, noise.shape) == ((5_000, 2, 10), (5_000, 3), (5_000, 4))
    assert (hot.sum(dim=2) == 1).all()
    assert latent[:, 20:].abs().max() <= 1
    assert latent[:, 20:].std().item() == pytest.approx(1 / math.sqrt(3), rel=0.02)
    assert CODES.dimensions == (Categorical(10), Categorical(10), Continuous(), Continuous(), Continuous())


def test_noise_may_be_normal():
    noise = Codes(1, 2, 0, 4, "normal").prior.sample(GeneratorDraw(0), 5_000)[:, 2:]
    assert noise.std().item() == pytest.approx(1, rel=0.03)


def test_a_code_with_its_noise_is_the_latent_it_was_read_from(latent):
    code = CODES.encode(perfect(CODES, latent))
    assert code.shape == (5_000, 5)
    assert set(code[:, :2].unique().tolist()) == set(map(float, range(10)))
    torch.testing.assert_close(CODES.latent(code, latent[:, -4:]), latent)


@pytest.mark.parametrize("codes", [Codes(0, 10, 2, 0), Codes(3, 4, 0, 0)])
def test_kinds_of_latents_may_be_absent(codes):
    latent = codes.prior.sample(GeneratorDraw(0), 7)
    assert latent.shape[1] == codes.prior.dim == codes.outputs("fixed")
    reading = codes.read(latent)
    torch.testing.assert_close(codes.latent(codes.encode(reading), latent[:, :0]), latent)
    assert torch.isfinite(torch.cat(codes.lower_bounds(latent, reading))).all()


def test_no_code_at_all_is_refused():
    with pytest.raises(ValueError, match="at least one code"):
        Codes(0, 10, 0, 5)


def test_a_perfect_q_knows_log_10_nats_of_a_10_way_code(latent):
    bounds = CODES.lower_bounds(latent, perfect(CODES, latent))
    torch.testing.assert_close(bounds.categorical, torch.full((2,), 2.3026), atol=1e-4, rtol=0)


def test_an_ignorant_q_knows_nothing_of_a_categorical_code(latent):
    torch.testing.assert_close(CODES.lower_bounds(latent, ignorant(CODES, latent)).categorical, torch.zeros(2))


@pytest.mark.parametrize("std", [1.0, 0.1])
def test_a_perfect_q_is_as_sure_of_a_continuous_code_as_its_deviation_lets_it(latent, std):
    bounds = CODES.lower_bounds(latent, perfect(CODES, latent, std))
    expected = math.log(2) - 0.5 * math.log(2 * math.pi * std**2)
    torch.testing.assert_close(bounds.continuous, torch.full((3,), expected))


def test_q_has_outputs_for_deviations_only_where_they_are_learned(latent):
    assert (CODES.outputs("fixed"), CODES.outputs("learned")) == (23, 26)
    outputs = torch.randn(4, 26, generator=torch.Generator().manual_seed(0))
    assert not CODES.read(outputs[:, :23]).log_variance.any()
    torch.testing.assert_close(CODES.read(outputs).log_variance, outputs[:, 23:])


def test_entropy_is_log_k_and_log_2():
    assert CODES.entropy == pytest.approx(2 * math.log(10) + 3 * math.log(2))


def test_information_is_never_negative_and_fits_its_own_deviation(latent):
    assert (CODES.information(latent, ignorant(CODES, latent)) < 0.01).all()
    noisy = perfect(CODES, latent)
    noisy = noisy._replace(mean=noisy.mean + 0.05 * GeneratorDraw(1).normal(*noisy.mean.shape))
    information = CODES.information(latent, noisy)
    torch.testing.assert_close(information[:2], torch.full((2,), math.log(10)))
    expected = math.log(2) - 0.5 * math.log(2 * math.pi * math.e * 0.05**2)
    torch.testing.assert_close(information[2:], torch.full((3,), expected), atol=0.05, rtol=0)


def test_a_sweep_holds_the_noise_and_stays_inside_the_prior():
    drawn = []

    def generate(latent):
        drawn.append(latent)
        return latent

    space = code_traversal(CODES, generate, lambda latent: perfect(CODES, latent), GeneratorDraw(0))
    torch.testing.assert_close(space.rate[:2], torch.full((2,), math.log(10)))
    origin = space.origin(GeneratorDraw(5), 3)
    assert not origin[:, 2:].any()
    assert set(origin[:, :2].flatten().tolist()) <= set(range(10))
    code = origin.repeat(2, 1)
    code[3:, 2] += 2 * space.spread[2]
    code[3:, 0] = 7
    hot, continuous, noise = CODES.split(space.render(code))
    assert hot[3:, 0].argmax(dim=1).tolist() == [7, 7, 7]
    assert continuous.abs().max() == 1
    assert (noise == noise[0]).all()
    assert noise.any()
