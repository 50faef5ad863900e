"""Bidirectional InfoGAN's networks: sizes against the published diagrams, initialisation."""

import math

import pytest
import torch
from binfogan_tiny import tiny_binfogan
from torch import nn

from deval_binfogan.config import BidirectionalInfoGANConfig
from deval_binfogan.model import BidirectionalInfoGAN
from disentangle_eval.api import ImageShape
from disentangle_eval.config import resolve
from disentangle_eval.errors import UsageError
from disentangle_eval.opening.models import build_model
from disentangle_eval.runtime.draws import GeneratorDraw

SHAPES = {"mnist": ImageShape(1, 28, 28), "svhn": ImageShape(3, 32, 32), "celeba32": ImageShape(3, 32, 32)}
WEIGHTED = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)


def size(network):
    return sum(parameter.numel() for parameter in network.parameters())


def sides(network, x):
    """The sides of the images behind each convolution."""
    found = []
    hooks = [
        module.register_forward_hook(lambda module, inputs, output: found.append((output.shape[1], output.shape[-1])))
        for module in network.modules()
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.ZeroPad2d)
    ]
    with torch.no_grad():
        network(*x)
    for hook in hooks:
        hook.remove()
    return found


def test_parameter_counts_on_mnist():
    with torch.device("meta"):
        model = BidirectionalInfoGAN(BidirectionalInfoGANConfig(), SHAPES["mnist"])
    # Layers before batch normalisation have no bias; it has a scale and a shift.
    assert size(model.generator) == 28 * 3136 + 2 * 3136 + 16 * (64 * 128 + 128 * 64 + 64) + 2 * (128 + 64) + 1
    convolutions = 9 * (32 + 32 * 64 + 64 * 128) + 2 * (32 + 64 + 128)
    assert size(model.encoder) == convolutions + 5 * 5 * 128 * 1024 + 2 * 1024 + 1025 * (16 + 10 + 2)
    image = 9 * (64 + 64 * 128) + 6 * 6 * 128 * 512 + 2 * (64 + 128 + 512)
    code = 28 * 64 + 64 * 128 + 128 * 512 + 2 * (64 + 128 + 512)
    assert size(model.discriminator) == image + code + 1024 * 1024 + 2 * 1024 + 1024 + 1


def test_sides_of_the_mnist_networks():
    model = tiny_binfogan().eval()
    x, z = torch.rand(1, 1, 28, 28), torch.zeros(1, model.prior.dim)
    assert sides(model.encoder, (x,)) == [(2, 26), (4, 12), (8, 5)]
    # The transposed convolution of stride 1 leaves one row more than SAME padding does, which is cut.
    assert sides(model.generator, (z,)) == [(8, 14), (4, 15), (4, 14), (1, 28)]
    assert sides(model.discriminator, (x, z, GeneratorDraw(0))) == [(4, 13), (8, 6), (4, 1), (8, 1)]


def test_sides_of_the_colour_networks():
    model = tiny_binfogan(image=(3, 32, 32), network="rgb32").eval()
    x, z = torch.rand(1, 3, 32, 32), torch.zeros(1, model.prior.dim)
    assert [side for _, side in sides(model.generator, (z,))] == [7, 17, 21, 25, 29, 32]
    assert sides(model.encoder, (x,)) == [(2, 30), (4, 14), (8, 12), (16, 5), (32, 2)]
    assert sides(model.discriminator, (x, z, GeneratorDraw(0))) == [(4, 15), (8, 6), (16, 2), (4, 1), (8, 1), (16, 1)]


@pytest.mark.parametrize("dataset", SHAPES)
def test_every_preset_draws_and_reads_images_of_its_data_set(dataset):
    cfg = resolve(BidirectionalInfoGANConfig, dataset, "paper", {"width": 2})
    model = BidirectionalInfoGAN(cfg, SHAPES[dataset]).eval()
    with torch.no_grad():
        images = model.generate(torch.zeros(2, model.prior.dim))
        assert images.shape == (2, *SHAPES[dataset])
        assert model.encode(images).shape == (2, len(model.code))


def test_published_settings():
    mnist, svhn, celeba = (resolve(BidirectionalInfoGANConfig, dataset, None, {}) for dataset in SHAPES)
    assert resolve(BidirectionalInfoGANConfig, "mnist-55k", "paper", {}) == mnist
    assert (mnist.categorical_codes, mnist.classes, mnist.continuous_codes, mnist.noise_dim) == (1, 10, 2, 16)
    assert (mnist.batch_size, mnist.iterations, mnist.decay_iterations) == (128, 30_000, None)
    assert (mnist.lr_discriminator, mnist.lr_generator, mnist.lambda_) == (1e-4, 5e-4, 1)
    assert (svhn.categorical_codes, svhn.classes, svhn.continuous_codes, svhn.noise_dim) == (4, 10, 4, 64)
    assert (svhn.batch_size, svhn.iterations, svhn.decay_iterations) == (32, 300_000, None)
    assert (svhn.lr_discriminator, svhn.lr_generator) == (1e-4, 1e-4)
    assert celeba == svhn.model_copy(update={"iterations": 500_000})


def test_activations_and_normalisation_are_the_published_ones():
    modules = list(tiny_binfogan().modules())
    assert not any(isinstance(m, nn.ReLU | nn.LeakyReLU) for m in modules)
    norms = [m for m in modules if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)]
    assert {(m.eps, m.momentum) for m in norms} == {(1e-3, 1e-3)}
    assert len(norms) == sum(isinstance(m, nn.ELU) for m in modules)


@pytest.mark.parametrize("init", ["fan-in", "kernel-height"])
def test_d_and_e_begin_at_the_deviation_that_the_setting_names(init):
    model = tiny_binfogan(width=16, init=init)
    for network in (model.encoder, model.discriminator):
        for module in network.modules():
            if isinstance(module, WEIGHTED) and module.weight.numel() > 2_000:
                dense = isinstance(module, nn.Linear)
                n = module.weight[0].numel() if init == "fan-in" or dense else module.kernel_size[0]
                assert module.weight.std().item() == pytest.approx(math.sqrt(2 / n), rel=0.06)
                assert module.bias is None or not module.bias.any()
    for module in model.generator.modules():
        if isinstance(module, WEIGHTED):
            assert module.weight.abs().max() <= 0.04


def test_images_of_another_size_are_refused_in_one_line():
    with pytest.raises(UsageError, match=r"received 64 x 64, expected 28 x 28 with --network mnist"):
        build_model(BidirectionalInfoGAN, BidirectionalInfoGANConfig(), ImageShape(1, 64, 64), seed=0)
