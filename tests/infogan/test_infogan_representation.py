"""What InfoGAN offers once trained."""

import numpy as np
import pytest
import torch
from infogan_tiny import (
    BATCH,
    CATEGORICAL,
    CLASSES,
    CONTINUOUS,
    IMAGE,
    double,
    expected_bounds,
    tiny_infogan,
    tiny_infowgan_gp,
)

from deval_infogan.config import InfoGANConfig
from deval_infogan.infogan import InfoGAN
from disentangle_eval.api import (
    Bottleneck,
    Encoder,
    Generator,
    ImageShape,
    LowerBound,
    Posterior,
    Reconstructor,
    Traversable,
)
from disentangle_eval.latents import Categorical, Continuous
from disentangle_eval.runtime.draws import GeneratorDraw
from disentangle_eval.testing import RecordedStep, check_model, parametrize_checks

IMAGES = torch.rand(7, 1, 8, 8, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module", params=[tiny_infogan, tiny_infowgan_gp])
def model(request):
    """A model whose batch normalisation has seen a few batches, in eval mode."""
    model = request.param(std="learned").train()
    with torch.no_grad():
        for seed in range(3):
            model.generator_losses(RecordedStep(BATCH, IMAGE, seed=seed))
    return model.eval().requires_grad_(False)


def test_a_code_is_the_most_probable_classes_and_the_means_of_q(model):
    outputs = model.reconstructor(model.trunk(IMAGES))
    logits = outputs[:, : CATEGORICAL * CLASSES].view(-1, CATEGORICAL, CLASSES)
    codes = model.encode(IMAGES)
    assert codes[:, :CATEGORICAL].tolist() == logits.argmax(dim=2).tolist()
    torch.testing.assert_close(
        codes[:, CATEGORICAL:], outputs[:, CATEGORICAL * CLASSES : CATEGORICAL * CLASSES + CONTINUOUS]
    )
    assert model.code == (Categorical(CLASSES),) * CATEGORICAL + (Continuous(),) * CONTINUOUS


def test_lower_bound_is_l_i_image_by_image_and_of_the_codes_alone(model):
    z = model.prior.sample(GeneratorDraw(0), BATCH)
    bound = model.lower_bound(z, GeneratorDraw(1), iteration=5)
    assert bound.shape == (BATCH, CATEGORICAL + CONTINUOUS)
    hot, continuous, _ = (double(part) for part in model.codes.split(z))
    categorical, rest = expected_bounds(model.reconstructor(model.trunk(model.generate(z))), hot, continuous, "learned")
    np.testing.assert_allclose(bound[:, :CATEGORICAL].sum(dim=1).mean(), categorical, rtol=1e-4)
    np.testing.assert_allclose(bound[:, CATEGORICAL:].sum(dim=1).mean(), rest, rtol=1e-4)
    torch.testing.assert_close(model.lower_bound(z[2:3], GeneratorDraw(1)), bound[2:3], rtol=1e-4, atol=1e-4)


def test_a_traversal_shows_what_the_generator_draws_from_its_codes(model):
    space = model.traversal(GeneratorDraw(0))
    origin = space.origin(GeneratorDraw(1), 4)
    images = space.render(origin)
    assert images.shape == (4, 1, 8, 8)
    assert torch.equal(images, space.render(origin))
    assert space.rate.min() >= 0


def test_images_of_the_colour_networks_are_signed_inside_and_lie_in_0_to_1_outside():
    colour = InfoGAN(InfoGANConfig(network="rgb32", width=2), ImageShape(3, 16, 16)).eval()
    z = colour.prior.sample(GeneratorDraw(0), 3)
    with torch.no_grad():
        torch.testing.assert_close(colour.generate(z), (colour.generator(z) + 1) / 2)
    ends = torch.tensor([0.0, 1.0])
    assert torch.equal(colour.inside(ends), torch.tensor([-1.0, 1.0]))
    assert torch.equal(tiny_infogan().inside(ends), ends)


def test_it_offers_no_posterior_over_a_latent_that_q_does_not_read(model):
    assert all(isinstance(model, what) for what in (Encoder, Generator, LowerBound, Traversable))
    assert not any(isinstance(model, what) for what in (Posterior, Reconstructor, Bottleneck))


@parametrize_checks("infogan", "infowgan-gp", image=(1, 28, 28), config={"width": 2})
def test_conformance(check):
    check()


@pytest.mark.parametrize(
    "config",
    [
        {"normalisation": "spectral", "std": "learned", "categorical_codes": 0},
        {"bystander": True, "noise_prior": "normal"},
        {"network": "rgb32", "continuous_codes": 0},
    ],
)
def test_conformance_of_other_settings(config):
    outcomes = check_model("infogan", image=(3, 16, 16), config={"width": 2, **config})
    assert [outcome for outcome in outcomes if outcome.status == "failed"] == []
