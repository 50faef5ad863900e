"""What Bidirectional InfoGAN offers once trained."""

import math

import pytest
import torch
from binfogan_tiny import BATCH, CATEGORICAL, CLASSES, CONTINUOUS, IMAGE, tiny_binfogan
from torch.distributions import Normal

from disentangle_eval.api import Encoder, Generator, LowerBound, Posterior, Reconstructor, Traversable
from disentangle_eval.latents import Categorical, Continuous
from disentangle_eval.runtime.draws import GeneratorDraw
from disentangle_eval.testing import RecordedStep, check_model, parametrize_checks

IMAGES = torch.rand(7, 1, 28, 28, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def model():
    """A model whose batch normalisation has seen a few batches, in eval mode."""
    model = tiny_binfogan().train()
    with torch.no_grad():
        for seed in range(3):
            model.losses(RecordedStep(BATCH, IMAGE, seed=seed))
    return model.eval().requires_grad_(False)


def test_a_code_is_the_most_probable_classes_and_the_linear_outputs_of_e(model):
    reading, noise = model.encoder(IMAGES)
    codes = model.encode(IMAGES)
    assert codes[:, :CATEGORICAL].tolist() == reading.logits.argmax(dim=2).tolist()
    assert torch.equal(codes[:, CATEGORICAL:], reading.mean)
    assert model.code == (Categorical(CLASSES),) * CATEGORICAL + (Continuous(),) * CONTINUOUS
    torch.testing.assert_close(
        model.reconstruct(IMAGES),
        model.generate(torch.cat([reading.logits.softmax(dim=2).flatten(1), reading.mean, noise], dim=1)),
    )


def test_lower_bound_is_what_e_reads_of_each_code_beyond_its_prior(model):
    z = model.prior.sample(GeneratorDraw(0), BATCH)
    reading, _ = model.encoder(model.generator(z))
    hot, values, _ = model.codes.split(z)
    of_class = (hot * reading.logits.softmax(dim=2)).sum(dim=2).log() + math.log(CLASSES)
    of_value = Normal(reading.mean, 1.0).log_prob(values) + math.log(2)
    bound = model.lower_bound(z, GeneratorDraw(1))
    torch.testing.assert_close(bound, torch.cat([of_class, of_value], dim=1), rtol=1e-4, atol=1e-5)


def test_a_traversal_draws_its_codes_over_one_noise(model):
    space = model.traversal(GeneratorDraw(0))
    images = space.render(space.origin(GeneratorDraw(1), BATCH))
    assert images.shape == (BATCH, 1, 28, 28)
    assert len(space.code) == len(space.rate) == CATEGORICAL + CONTINUOUS


def test_what_it_offers(model):
    assert all(isinstance(model, what) for what in (Encoder, Generator, LowerBound, Reconstructor, Traversable))
    assert not isinstance(model, Posterior)


@parametrize_checks("binfogan", image=(1, 28, 28), config={"width": 2})
def test_conformance(check):
    check()


def test_conformance_of_the_colour_networks():
    settings = {"width": 1, "network": "rgb32", "init": "kernel-height", "continuous_codes": 0}
    outcomes = check_model("binfogan", image=(3, 32, 32), config=settings)
    assert [outcome for outcome in outcomes if outcome.status == "failed"] == []
