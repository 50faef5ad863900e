import pytest
import torch
from ibgan_tiny import BATCH, IMAGE, tiny_ibgan
from torch.distributions import Normal

from disentangle_eval.api import Bottleneck, Encoder, Generator, LowerBound, Posterior, Reconstructor, Traversable
from disentangle_eval.runtime.draws import GeneratorDraw
from disentangle_eval.testing import RecordedStep

IMAGES = torch.rand(7, 1, 64, 64, generator=torch.Generator().manual_seed(1)).round()


@pytest.fixture(scope="module", params=["small", "big"])
def model(request):
    """A model whose batch normalisation has seen a few batches, in eval mode."""
    model = tiny_ibgan(variant=request.param, noise_start=0.8, noise_iterations=9).train()
    with torch.no_grad():
        for seed in range(3):
            model.losses(RecordedStep(BATCH, IMAGE, seed=seed))
    return model.eval().requires_grad_(False)


def test_a_code_is_the_mean_half_of_e_at_the_mean_of_q(model):
    z_hat = model.reconstructor(model.trunk(2 * IMAGES - 1))
    both = model.encoder.layers(z_hat)
    torch.testing.assert_close(model.encode(IMAGES), both[:, :3])
    posterior = model.posterior(IMAGES)
    torch.testing.assert_close(posterior.mean, both[:, :3])
    torch.testing.assert_close(posterior.variance, both[:, 3:].exp())


def test_a_code_holds_no_instance_noise_and_depends_on_its_own_image_alone(model):
    codes = model.encode(IMAGES)
    assert torch.equal(codes, model.encode(IMAGES))
    torch.testing.assert_close(codes[2:3], model.encode(IMAGES[2:3]), rtol=1e-4, atol=1e-5)
    assert codes.std(dim=0).min() > 0


def test_images_lie_between_0_and_1_with_and_without_noise_in_r(model):
    z = GeneratorDraw(0).normal(9, 5)
    mean = model.generate(z)
    drawn = model.generate(z, GeneratorDraw(1))
    for images in (mean, drawn, model.reconstruct(IMAGES)):
        assert images.shape[1:] == (1, 64, 64)
        assert images.min() >= 0
        assert images.max() <= 1
    mean_r, log_variance = model.encoder(z)
    torch.testing.assert_close(mean, (model.generator(mean_r) + 1) / 2)
    r = mean_r + (log_variance / 2).exp() * GeneratorDraw(1).normal(9, 3)
    torch.testing.assert_close(drawn, (model.generator(r) + 1) / 2)


def test_rate_sums_to_the_upper_bound_of_the_losses(model):
    step = RecordedStep(BATCH, IMAGE)
    upper = model.losses(step).terms["upper_bound"]
    rate = model.rate(step.handed["normal"][0])
    assert rate.shape == (step.batch, 3)
    torch.testing.assert_close(rate.mean(dim=0).sum(), upper)


def log_ratio(z, z_mean):
    return Normal(z_mean, 1.0).log_prob(z) - Normal(0.0, 1.0).log_prob(z)


@pytest.mark.parametrize("iteration", [None, 3])
def test_lower_bound_is_q_against_the_prior_at_an_image_under_the_noise_of_that_iteration(model, iteration):
    z = GeneratorDraw(0).normal(9, 5)
    draw = GeneratorDraw(1)
    mean, log_variance = model.encoder(z)
    r = mean + (log_variance / 2).exp() * draw.normal(9, 3)
    x = model.generator(r)
    if iteration is not None:
        done = 3 / 8 if model.cfg.variant == "small" else 4 / 9
        x = (x + 0.8 * (1 - done) * draw.normal(9, *IMAGE)).clamp(-1, 1)
    bound = model.lower_bound(z, GeneratorDraw(1), iteration)
    torch.testing.assert_close(bound, log_ratio(z, model.reconstructor(model.trunk(x))), rtol=1e-4, atol=1e-4)


def test_without_noise_left_an_iteration_changes_nothing(model):
    z = GeneratorDraw(0).normal(9, 5)
    past = model.lower_bound(z, GeneratorDraw(1), iteration=model.cfg.noise_iterations)
    torch.testing.assert_close(past, model.lower_bound(z, GeneratorDraw(1)))


def test_a_traversal_s_spread_is_that_of_sampled_codes(model):
    traversal = model.traversal(GeneratorDraw(0))
    draw = GeneratorDraw(7)
    mean, log_variance = model.encoder(model.prior.sample(draw, 20_000))
    r = mean + (log_variance / 2).exp() * draw.normal(20_000, 3)
    torch.testing.assert_close(traversal.spread, r.std(dim=0), rtol=0.05, atol=0)
    assert len(traversal.code) == traversal.rate.shape[0] == 3
    origin = traversal.origin(GeneratorDraw(2), 4)
    torch.testing.assert_close(traversal.render(origin), model.generate(GeneratorDraw(2).normal(4, 5)))
    assert torch.equal(traversal.prior(GeneratorDraw(2), 4), GeneratorDraw(2).normal(4, 3))


@pytest.mark.parametrize("what", [Encoder, Posterior, Generator, Bottleneck, LowerBound, Reconstructor, Traversable])
def test_it_offers_everything_a_model_can(model, what):
    assert isinstance(model, what)
