import pytest
import torch
from torch.distributions import Bernoulli
from vae_tiny import AAE, BATCH, DISCRIMINATED, IMAGE, LATENT, MODELS, VAE, tiny

from disentangle_eval.api import Bottleneck, Encoder, Generator, Likelihood, Posterior, Reconstructor, Traversable
from disentangle_eval.runtime.draws import GeneratorDraw
from disentangle_eval.testing import RecordedStep

IMAGES = torch.rand(BATCH, *IMAGE, generator=torch.Generator().manual_seed(1)).round()


@pytest.mark.parametrize("model", MODELS)
def test_what_it_offers(model):
    built = tiny(model)
    assert all(isinstance(built, what) for what in (Encoder, Posterior, Generator, Reconstructor, Traversable))
    assert not isinstance(built, Bottleneck)
    assert isinstance(built, Likelihood) == (model is not AAE)
    assert hasattr(built, "discriminator") == (model in DISCRIMINATED)


def test_a_code_is_the_posterior_s_mean():
    model = tiny(VAE).eval()
    mean, log_variance = model.encoder(IMAGES).chunk(2, dim=1)
    posterior = model.posterior(IMAGES)
    assert torch.equal(model.encode(IMAGES), mean)
    torch.testing.assert_close(posterior.mean, mean)
    torch.testing.assert_close(posterior.variance, log_variance.exp())
    assert posterior.batch_shape == (BATCH, LATENT)


def test_images_are_the_decoder_s_probabilities():
    model = tiny(VAE).eval()
    z = model.prior.sample(GeneratorDraw(0), 4)
    assert z.shape == (4, LATENT)
    logits = model.decoder(z)
    torch.testing.assert_close(model.generate(z), 1 / (1 + (-logits).exp()))
    assert torch.equal(model.generate(z), model.generate(z, GeneratorDraw(1)))
    assert torch.equal(model.reconstruct(IMAGES), model.generate(model.encode(IMAGES)))


@pytest.mark.parametrize("model", [model for model in MODELS if model is not AAE])
def test_the_likelihood_is_bernoulli_and_takes_the_same_formula_for_grey_images(model):
    model = tiny(model).eval()
    z = model.prior.sample(GeneratorDraw(0), BATCH)
    pixels = Bernoulli(logits=model.decoder(z))
    torch.testing.assert_close(model.log_likelihood(IMAGES, z), pixels.log_prob(IMAGES).sum(dim=(1, 2, 3)))

    p = pixels.probs
    grey = (0.3 * p.log() + 0.7 * (1 - p).log()).sum(dim=(1, 2, 3))
    torch.testing.assert_close(model.log_likelihood(torch.full_like(IMAGES, 0.3), z), grey)


def test_the_rate_of_a_traversal_is_the_kl_of_recent_batches_and_survives_a_checkpoint():
    model = tiny(VAE)
    seen = [model.losses(RecordedStep(BATCH, IMAGE, seed=i, iteration=i)).terms["kl"].detach() for i in range(3)]
    traversal = model.traversal(GeneratorDraw(0))
    torch.testing.assert_close(traversal.rate, torch.stack(seen).mean(dim=0))
    assert torch.equal(traversal.spread, torch.ones(LATENT))
    assert torch.equal(traversal.origin(GeneratorDraw(2), 4), model.prior.sample(GeneratorDraw(2), 4))

    late = model.losses(RecordedStep(BATCH, IMAGE, seed=9, iteration=10_000)).terms["kl"].detach()
    after = model.traversal(GeneratorDraw(0)).rate
    torch.testing.assert_close(after, 0.99 * traversal.rate + 0.01 * late)

    restored = tiny(VAE)
    restored.load_state_dict(model.state_dict())
    assert torch.equal(restored.traversal(GeneratorDraw(0)).rate, after)
