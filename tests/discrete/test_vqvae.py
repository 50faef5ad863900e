"""VQ-VAE: its loss against equation 3, what it offers with and without a prior, and the promises of the kit."""

import math

import numpy as np
import pytest
import torch
from discrete_tiny import BATCH, IMAGE, TINY_VQ, tiny_vqvae
from torch.distributions import Normal

from deval_discrete.vqvae import perplexity
from disentangle_eval.api import Classifier, Generator, ImageShape, Traversable
from disentangle_eval.latents import Categorical
from disentangle_eval.metrics.information.iwae import bounds
from disentangle_eval.metrics.subject import EncodedSubject
from disentangle_eval.runtime.draws import GeneratorDraw
from disentangle_eval.testing import RecordedStep, check_model, parametrize_checks, record_calls

IMAGES = torch.rand(6, *IMAGE, generator=torch.Generator().manual_seed(1))
PLACES, CLASSES, DIM = 16, TINY_VQ["classes"], TINY_VQ["embedding_dim"]


@parametrize_checks("vq-vae", image=(1, 16, 16), config={**TINY_VQ, "prior": "uniform"})
def test_it_conforms(check):
    check()


def test_it_conforms_without_a_prior_in_colour():
    outcomes = check_model("vq-vae", image=(3, 8, 12), config={**TINY_VQ, "residual_blocks": 1})
    assert [outcome for outcome in outcomes if outcome.status == "failed"] == []


def nearest(model, x):
    """By plain loops: outputs (B, P, D), vectors (B, P, D) and classes (B, P)."""
    outputs = model.encoder(x).flatten(2).transpose(1, 2)
    distances = (outputs[:, :, None] - model.codebook.vectors).square().sum(dim=3)
    classes = distances.argmin(dim=2)
    return outputs, model.codebook.vectors[classes], classes


def test_the_loss_and_its_gradients_are_those_of_the_paper():
    model = tiny_vqvae(beta=0.4, variance=0.2)
    step, calls = RecordedStep(BATCH, IMAGE), record_calls(model, ["decoder"])
    losses = model.losses(step)
    x = step.handed["images"][0]
    outputs, vectors, classes = nearest(model, x)
    ((given, drawn),) = calls["decoder"]
    torch.testing.assert_close(given, vectors.transpose(1, 2).unflatten(2, (4, 4)))

    distance = (outputs - vectors).square().mean()
    torch.testing.assert_close(losses.terms["reconstruction"], (drawn - x).square().mean() / 0.2)
    torch.testing.assert_close(losses.terms["codebook"], distance)
    torch.testing.assert_close(losses.terms["commitment"], distance)
    torch.testing.assert_close(losses.total["autoencoder"], losses.terms["reconstruction"] + 1.4 * distance)
    assert len(classes.unique()) > 1

    # The codebook learns from its own term alone; the encoder from the decoder's gradient, unchanged, and commitment.
    parameters = [model.codebook.vectors, *model.encoder.parameters()]
    of_codebook, *of_encoder = torch.autograd.grad(losses.total["autoencoder"], parameters)
    (expected,) = torch.autograd.grad((outputs.detach() - vectors).square().mean(), model.codebook.vectors)
    torch.testing.assert_close(of_codebook, expected)
    at_vectors = vectors.detach().requires_grad_()
    error = (model.decoded(at_vectors) - x).square().mean() / 0.2
    (passed,) = torch.autograd.grad(error, at_vectors)
    pushed = (outputs * passed).sum() + 0.4 * (outputs - vectors.detach()).square().mean()
    for found, wanted in zip(of_encoder, torch.autograd.grad(pushed, list(model.encoder.parameters())), strict=True):
        torch.testing.assert_close(found, wanted)


def test_a_code_is_the_class_of_every_place_row_by_row_and_is_decoded_as_it_is():
    model = tiny_vqvae().eval()
    outputs, vectors, classes = nearest(model, IMAGES)
    codes = model.encode(IMAGES)
    assert model.code == (Categorical(CLASSES),) * PLACES
    assert codes.tolist() == classes.tolist()
    torch.testing.assert_close(outputs[0, 5], model.encoder(IMAGES)[0, :, 1, 1])
    images = model.decoder(vectors.transpose(1, 2).unflatten(2, (4, 4))).clamp(0, 1)
    torch.testing.assert_close(model.reconstruct(IMAGES), images)
    hot = torch.nn.functional.one_hot(classes, CLASSES).float().flatten(1)
    torch.testing.assert_close(model.drawn(hot), images)
    mean = model.decoded(vectors)
    expected = Normal(mean, math.sqrt(model.cfg.variance)).log_prob(IMAGES).flatten(1).sum(dim=1)
    torch.testing.assert_close(model.log_likelihood(IMAGES, hot), expected)


def test_without_a_prior_it_draws_no_images():
    model = tiny_vqvae()
    assert not isinstance(model, Generator | Classifier | Traversable)
    assert not {"generator", "prior"} & EncodedSubject(model, Images()).offered


def test_under_the_uniform_prior_it_does_and_the_bound_on_the_likelihood_is_that_of_its_one_code():
    model = tiny_vqvae(prior="uniform").eval()
    z = model.prior.sample(GeneratorDraw(0), 3)
    assert z.shape == (3, PLACES * CLASSES)
    assert (z.view(3, PLACES, CLASSES).sum(dim=2) == 1).all()
    assert model.generate(z).shape == (3, *IMAGE)
    found = bounds(EncodedSubject(model, Images()), np.arange(6), particles=2, seed=0)
    hot = torch.nn.functional.one_hot(model.encode(IMAGES).long(), CLASSES).float().flatten(1)
    expected = model.log_likelihood(IMAGES, hot).detach().double() - PLACES * math.log(CLASSES)
    torch.testing.assert_close(found.log_likelihood, expected, rtol=0, atol=1e-3)


class Images:
    """The six images as a data set."""

    name, sha256, shape, factors = "six", "0" * 64, ImageShape(*IMAGE), None

    def __len__(self):
        return len(IMAGES)

    def images(self, index):
        return IMAGES[index]


def test_its_own_picture_shows_each_vector_at_every_place():
    model = tiny_vqvae().eval()
    rows = model.pictures(GeneratorDraw(0))["codebook"]
    everywhere = torch.arange(CLASSES, dtype=torch.float32)[:, None].expand(-1, PLACES)
    torch.testing.assert_close(torch.cat(list(rows)), model.decode(everywhere))
    torch.testing.assert_close(model.decode(model.encode(IMAGES)), model.reconstruct(IMAGES))


def test_perplexity_is_the_number_of_classes_used_equally():
    assert float(perplexity(torch.tensor([[0, 1], [2, 3]]), 9)) == pytest.approx(4)
    assert float(perplexity(torch.zeros(3, 4, dtype=torch.int64), 9)) == pytest.approx(1)


def test_sides_that_cannot_be_halved_so_often_are_refused():
    with pytest.raises(ValueError, match="received 12 x 20, expected multiples of 8; lower --halvings"):
        tiny_vqvae(ImageShape(1, 12, 20), halvings=3)
