from itertools import pairwise

import pytest
import torch
from torch import nn

from deval_ibgan.config import IBGANConfig
from deval_ibgan.model import IBGAN
from deval_ibgan.networks import WholeImageConv
from disentangle_eval.api import ImageShape
from disentangle_eval.config import build
from disentangle_eval.errors import UsageError
from disentangle_eval.opening.models import build_model
from disentangle_eval.runtime.devices import place

GREY, COLOUR = ImageShape(1, 64, 64), ImageShape(3, 64, 64)


def size(network):
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.fixture(scope="module")
def dsprites_model():
    return IBGAN(IBGANConfig(), GREY)


def test_parameter_counts_are_the_published_code_s(dsprites_model):
    model = dsprites_model
    assert size(model.encoder) == 2_260
    assert size(model.generator.dense) == 1_064_192
    assert size(model.generator.conv) == 115_297
    assert size(model.reconstructor) == 2_283_488
    assert size(model.discriminator) == 2_213_329
    assert size(model.trunk) == 0


def test_the_big_variant_shares_a_trunk_of_three_convolutions():
    model = IBGAN(build(IBGANConfig, {"variant": "big", "z_dim": 64, "r_dim": 15}), COLOUR)
    width, z_dim, r_dim = 16, 64, 15
    trunk = (3 * 16 + 1) * width + 16 * 2 * width**2 + 2 * 2 * width + 16 * 8 * width**2 + 2 * 4 * width
    head = 2 * (9 * (4 * width) ** 2 + 2 * 4 * width) + 64 * 4 * width * 16 * width + 2 * 16 * width
    assert size(model.trunk) == trunk
    assert size(model.discriminator) == head + 16 * width + 1
    assert size(model.reconstructor) == head + (16 * width + 1) * z_dim
    dense = (z_dim + 1) * 64 + 65 * 64 + 65 * 32 + 33 * 2 * r_dim
    assert size(model.encoder) == dense + 2 * (64 + 64 + 32)


def test_layers_without_batch_normalisation_have_a_bias_and_layers_before_it_have_none(dsprites_model):
    for network in (dsprites_model.generator.conv, dsprites_model.discriminator):
        layers = [layer for layer in network.modules() if not isinstance(layer, nn.Sequential)]
        for layer, following in pairwise(layers):
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
                assert (layer.bias is None) == isinstance(following, nn.BatchNorm2d)
    assert {layer.negative_slope for layer in dsprites_model.modules() if isinstance(layer, nn.LeakyReLU)} == {0.2}


def test_normal_initialisation_is_narrow_and_leaves_batch_normalisation_as_it_is(dsprites_model):
    for module in dsprites_model.modules():
        if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            if module.weight.numel() > 2000:
                assert module.weight.std().item() == pytest.approx(0.02, rel=0.1)
            assert module.bias is None or not module.bias.any()
        elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            assert (module.weight == 1).all()
            assert not module.bias.any()


def test_orthogonal_initialisation_makes_rows_or_columns_orthonormal():
    model = IBGAN(build(IBGANConfig, {"init": "orthogonal", "generator_width": 4, "discriminator_width": 4}), GREY)
    for module in model.modules():
        if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            weight = module.weight.detach().flatten(1)
            gram = weight @ weight.T if weight.shape[0] <= weight.shape[1] else weight.T @ weight
            torch.testing.assert_close(gram, torch.eye(len(gram)), atol=1e-4, rtol=0)


def test_images_of_another_size_are_refused_in_one_line():
    with pytest.raises(UsageError, match=r"64 x 64 images, received 28 x 28"):
        build_model(IBGAN, IBGANConfig(), ImageShape(1, 28, 28), seed=0)


def test_a_convolution_over_the_whole_image_takes_the_products_of_its_model():
    cpu = torch.device("cpu")
    plain, other = (place(WholeImageConv(32, 256, 4, bias=False), cpu, products) for products in ("torch", "onednn"))
    other.load_state_dict(plain.state_dict())
    x = torch.randn(6, 32, 4, 4, generator=torch.Generator().manual_seed(0))
    assert other.multiply is not plain.multiply
    torch.testing.assert_close(other(x), plain(x), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_a_convolution_over_the_whole_image_is_torch_s_own(layout):
    dense, plain = WholeImageConv(3, 5, 4).double(), nn.Conv2d(3, 5, 4).double()
    plain.load_state_dict(dense.state_dict())
    x = torch.randn(6, 3, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    x = x.contiguous(memory_format=layout).requires_grad_()
    outputs = [layer.to(memory_format=layout)(x) for layer in (dense, plain)]
    torch.testing.assert_close(*outputs)
    gradients = [
        torch.autograd.grad(y.square().sum(), (x, layer.weight, layer.bias))
        for y, layer in zip(outputs, (dense, plain), strict=True)
    ]
    torch.testing.assert_close(*gradients)
