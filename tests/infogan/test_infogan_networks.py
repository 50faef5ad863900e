"""InfoGAN's networks: sizes against the published tables, padding, initialisation, normalisation."""

import pytest
import torch
from infogan_tiny import BATCH, IMAGE, tiny_infogan, tiny_infowgan_gp
from torch import nn

from deval_infogan.config import InfoGANConfig, InfoWGANGPConfig
from deval_infogan.infogan import InfoGAN
from deval_infogan.infowgan_gp import InfoWGANGP
from disentangle_eval.api import ImageShape
from disentangle_eval.config import build, resolve
from disentangle_eval.errors import UsageError
from disentangle_eval.nn.infogan_networks import conv, upconv
from disentangle_eval.opening.models import build_model
from disentangle_eval.testing import RecordedStep

SHAPES = {
    "mnist": ImageShape(1, 28, 28),
    "mnist-55k": ImageShape(1, 28, 28),
    "svhn": ImageShape(3, 32, 32),
    "celeba32": ImageShape(3, 32, 32),
    "faces": ImageShape(1, 32, 32),
    "chairs3d": ImageShape(1, 64, 64),
    "dsprites": ImageShape(1, 64, 64),
}
MODELS = {InfoGAN: InfoGANConfig, InfoWGANGP: InfoWGANGPConfig}
PRESETS = [
    pytest.param(model, config, preset, dataset, id=f"{model.__name__}-{preset}-{dataset}")
    for model, config in MODELS.items()
    for preset, by_dataset in config.presets.items()
    for dataset in by_dataset
]

# Output sizes layer by layer: trunk, Q, G. Dense layers are numbers, convolutions (channels, stride).
LAYERS = {
    "mnist": ([(64, 2), (128, 2), 1024], [128, 12], [1024, 7 * 7 * 128, (64, 2), (1, 2)]),
    "svhn": ([(64, 2), (128, 2), (256, 2)], [128, 48], [2 * 2 * 448, (256, 2), (128, 2), (64, 2), (3, 2)]),
    "celeba32": ([(64, 2), (128, 2), (256, 2)], [128, 100], [2 * 2 * 448, (256, 2), (128, 2), (64, 2), (3, 2)]),
    "faces": ([(64, 2), (128, 2), 1024], [10], [1024, 8 * 8 * 128, (64, 2), (1, 2)]),
    "chairs3d": (
        [(64, 2), (128, 2), (256, 2), (256, 1), (256, 1), 1024],
        [62],
        [1024, 8 * 8 * 256, (256, 1), (256, 1), (128, 2), (64, 2), (1, 2)],
    ),
    "dsprites": (
        [(32, 2), (32, 2), (64, 2), (64, 2), 128],
        [128, 11],
        [128, 4 * 4 * 64, (64, 2), (32, 2), (32, 2), (1, 2)],
    ),
}


def size(network):
    return sum(parameter.numel() for parameter in network.parameters())


def weighted(network):
    return [m for m in network.modules() if isinstance(m, nn.Linear | nn.Conv2d | nn.ConvTranspose2d)]


def outputs(network):
    return [m.out_features if isinstance(m, nn.Linear) else (m.out_channels, m.stride[0]) for m in weighted(network)]


def test_parameter_counts_on_mnist():
    with torch.device("meta"):
        model = InfoGAN(InfoGANConfig(), SHAPES["mnist"])
    # Layers before batch normalisation have no bias; it has a scale and a shift.
    dense = 74 * 1024 + 2 * 1024 + 1024 * 6272 + 2 * 6272
    assert size(model.generator) == dense + 16 * 128 * 64 + 2 * 64 + 16 * 64 * 1 + 1
    assert size(model.trunk) == 16 * 1 * 64 + 64 + 16 * 64 * 128 + 2 * 128 + 7 * 7 * 128 * 1024 + 2 * 1024
    assert size(model.discriminator) == 1024 + 1
    assert size(model.reconstructor) == 1024 * 128 + 2 * 128 + 128 * 12 + 12
    assert size(model) == 13_336_014


@pytest.mark.parametrize("dataset", LAYERS)
def test_layers_are_those_of_the_paper(dataset):
    with torch.device("meta"):
        model = InfoGAN(resolve(InfoGANConfig, dataset, "paper", {}), SHAPES[dataset])
    assert tuple(map(outputs, (model.trunk, model.reconstructor, model.generator))) == LAYERS[dataset]
    assert outputs(model.discriminator) == [1]


def test_the_bigger_dsprites_networks():
    with torch.device("meta"):
        model = InfoGAN(resolve(InfoGANConfig, "dsprites", "big", {}), SHAPES["dsprites"])
    trunk, _, generator = LAYERS["chairs3d"]
    assert (outputs(model.trunk), outputs(model.generator)) == (trunk, generator)
    assert outputs(model.reconstructor) == [128, 11]
    assert model.prior.dim == 3 + 4 + 128


@pytest.mark.parametrize(("model", "config", "preset", "dataset"), PRESETS)
def test_every_preset_draws_and_reads_images_of_its_data_set(model, config, preset, dataset):
    built = model(resolve(config, dataset, preset, {"width": 2}), SHAPES[dataset]).eval()
    with torch.no_grad():
        images = built.generate(torch.zeros(2, built.prior.dim))
        codes = built.encode(images)
    assert images.shape == (2, *SHAPES[dataset])
    assert codes.shape == (2, len(built.code))
    # An untrained network draws the middle of its range: both ranges end up in [0, 1].
    assert images.mean().item() == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("stride", [1, 2])
def test_upconvolutions_are_the_transpose_of_convolutions_with_same_padding(stride):
    generator = torch.Generator().manual_seed(0)
    there, back = nn.Sequential(*conv(2, 3, stride, bias=False)), nn.Sequential(*upconv(3, 2, stride, bias=False))
    with torch.no_grad():
        weighted(back)[0].weight.copy_(weighted(there)[0].weight)
        x, y = (
            torch.randn(1, 2, 6, 8, generator=generator),
            torch.randn(1, 3, 6 // stride, 8 // stride, generator=generator),
        )
        assert there(x).shape == y.shape
        assert (there(x) * y).sum().item() == pytest.approx((x * back(y)).sum().item(), abs=1e-4)


def test_at_stride_1_one_row_of_zeros_comes_before_and_two_after():
    (pad, layer) = conv(1, 1, 1, bias=False)
    with torch.no_grad():
        layer.weight.zero_()
        layer.weight[0, 0, 0, 0] = 1
        x = torch.arange(16.0).view(1, 1, 4, 4)
        assert torch.equal(layer(pad(x))[0, 0, 1:, 1:], x[0, 0, :3, :3])


def test_initialisation_is_the_published_one():
    model = InfoGAN(build(InfoGANConfig, {"width": 16}), SHAPES["mnist"])
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            assert module.weight.abs().max() <= 0.04
        if isinstance(module, nn.Linear | nn.ConvTranspose2d | nn.Conv2d):
            if module.weight.numel() > 3000:
                narrower = 0.88 if isinstance(module, nn.Conv2d) else 1.0
                assert module.weight.std().item() == pytest.approx(0.02 * narrower, rel=0.05)
            assert module.bias is None or not module.bias.any()
        elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            assert (module.eps, module.momentum) == (1e-5, 0.1)
            assert 0 < module.weight.std().item() < 0.04
            assert module.weight.mean().item() == pytest.approx(1, abs=0.02)


def test_slopes_follow_the_setting():
    slopes = {m.negative_slope for m in tiny_infogan(slope=0.01).modules() if isinstance(m, nn.LeakyReLU)}
    assert slopes == {0.01}


def norms(network):
    kinds = (nn.BatchNorm1d, nn.BatchNorm2d, nn.LayerNorm)
    return [type(m) for m in network.modules() if isinstance(m, kinds)]


def test_a_critic_has_layer_normalisation_in_dense_layers_and_nothing_in_convolutions():
    model = tiny_infowgan_gp()
    assert norms(model.trunk) == [nn.LayerNorm]
    assert norms(model.reconstructor) == [nn.LayerNorm]
    assert norms(tiny_infogan().trunk) == [nn.BatchNorm2d, nn.BatchNorm1d]
    assert norms(model.generator) == norms(tiny_infogan().generator)


def test_spectral_normalisation_stands_in_for_batch_normalisation_in_d_and_q():
    model = InfoGAN(
        build(InfoGANConfig, {"width": 2, "normalisation": "spectral", "noise_dim": 3}), ImageShape(1, 8, 8)
    ).train()
    with torch.no_grad():
        for seed in range(30):
            model.discriminator_losses(RecordedStep(BATCH, IMAGE, seed=seed))
    for network in (model.trunk, model.discriminator, model.reconstructor):
        assert norms(network) == []
        for module in weighted(network):
            largest = torch.linalg.matrix_norm(module.weight.detach().flatten(1), ord=2)
            assert largest.item() == pytest.approx(1, rel=0.05)
    assert nn.BatchNorm1d in norms(model.generator)


def test_images_that_cannot_be_halved_often_enough_are_refused_in_one_line():
    with pytest.raises(UsageError, match=r"received 28 x 28, expected multiples of 16 .*--network"):
        build_model(InfoGAN, build(InfoGANConfig, {"network": "dsprites"}), SHAPES["mnist"], seed=0)
