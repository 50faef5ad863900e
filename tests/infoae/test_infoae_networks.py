"""InfoAE's networks and what it offers once trained."""

import math

import pytest
import torch
from infoae_tiny import BATCH, CLASSES, IMAGE, LATENT, tiny_infoae
from torch import nn

from deval_infoae.config import InfoAEConfig
from deval_infoae.model import InfoAE
from disentangle_eval.api import Encoder, Generator, ImageShape, LowerBound, Posterior, Reconstructor, Traversable
from disentangle_eval.config import resolve
from disentangle_eval.latents import Categorical, Continuous
from disentangle_eval.runtime.draws import GeneratorDraw
from disentangle_eval.testing import RecordedStep, parametrize_checks

IMAGES = torch.rand(7, *IMAGE, generator=torch.Generator().manual_seed(1))
WEIGHTED = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)


@pytest.fixture(scope="module")
def model():
    """A model whose batch normalisation has seen a few batches, in eval mode."""
    model = tiny_infoae().train()
    with torch.no_grad():
        for seed in range(3):
            model.losses(RecordedStep(BATCH, IMAGE, seed=seed))
    return model.eval().requires_grad_(False)


def size(network):
    return sum(parameter.numel() for parameter in network.parameters())


def test_parameter_counts_on_mnist():
    with torch.device("meta"):
        model = InfoAE(resolve(InfoAEConfig, "mnist", None, {}), ImageShape(1, 28, 28))
    convolutions = 16 * 64 + 64 + 16 * 64 * 128 + 2 * 128
    features = 7 * 7 * 128
    trunk = convolutions + features * 1024 + 2 * 1024
    assert size(model.encoder) == trunk + 1025 * 100
    assert size(model.discriminator) == trunk + 1025
    assert size(model.decoder) == 101 * 1024 + 1024 * features + 2 * features + 16 * 128 * 64 + 2 * 64 + 16 * 64 + 1
    assert size(model.latent_generator) == 111 * 1024 + 1025 * 100
    assert size(model.classifier) == 101 * 1024 + 1025 * 10
    assert size(model.critic) == convolutions + (features + 100) * 1024 + 2 * 1024 + 1025


@pytest.mark.parametrize("name", ["encoder", "decoder", "discriminator", "critic"])
def test_first_and_last_layers_have_no_batch_normalisation_and_all_others_do(name):
    layers = [
        m for m in getattr(tiny_infoae(), name).modules() if isinstance(m, (*WEIGHTED, nn.BatchNorm1d, nn.BatchNorm2d))
    ]
    followed = [
        isinstance(after, nn.BatchNorm1d | nn.BatchNorm2d)
        for layer, after in zip(layers, [*layers[1:], None], strict=True)
        if isinstance(layer, WEIGHTED)
    ]
    assert followed == [False, *[True] * (len(followed) - 2), False]


def test_a_code_is_the_most_probable_class_then_the_latent(model):
    z = model.encoder(IMAGES)
    codes = model.encode(IMAGES)
    assert codes[:, 0].tolist() == model.classifier(z).argmax(dim=1).tolist()
    assert torch.equal(codes[:, 1:], z)
    assert model.code == (Categorical(CLASSES), *[Continuous()] * LATENT)


def test_images_are_drawn_through_the_latent_generator(model):
    z = model.prior.sample(GeneratorDraw(0), 3)
    torch.testing.assert_close(model.generate(z), model.decoder(model.latent_generator(z)))
    torch.testing.assert_close(model.reconstruct(IMAGES), model.decoder(model.encoder(IMAGES)))
    torch.testing.assert_close(model.decode(model.encode(IMAGES)), model.reconstruct(IMAGES))


def test_lower_bound_is_what_c_reads_of_the_category_beyond_its_prior(model):
    z = model.prior.sample(GeneratorDraw(0), BATCH)
    probability = model.classifier(model.encoder(model.generate(z))).softmax(dim=1)
    expected = (z[:, :CLASSES] * probability).sum(dim=1, keepdim=True).log() + math.log(CLASSES)
    torch.testing.assert_close(model.lower_bound(z, GeneratorDraw(1)), expected, rtol=1e-4, atol=1e-5)


def test_a_traversal_goes_through_the_classes_over_one_noise(model):
    space = model.traversal(GeneratorDraw(0))
    assert space.code == (Categorical(CLASSES),)
    images = space.render(torch.arange(float(CLASSES))[:, None])
    assert images.shape == (CLASSES, *IMAGE)
    assert len({image.sum().item() for image in images}) == CLASSES


def test_what_it_offers(model):
    assert all(isinstance(model, what) for what in (Encoder, Generator, LowerBound, Reconstructor, Traversable))
    assert not isinstance(model, Posterior)


@parametrize_checks("infoae", image=(1, 28, 28), config={"width": 2, "z_dim": 5, "hidden": 7})
def test_conformance(check):
    check()
