import math
from itertools import pairwise

import pytest
import torch
from torch import nn
from vae_tiny import VAE, FactorVAE, tiny

from deval_vae.config import FactorVAEConfig, VAEConfig
from disentangle_eval.api import ImageShape
from disentangle_eval.config import build, resolve
from disentangle_eval.errors import UsageError
from disentangle_eval.nn.vae_networks import decoder, encoder

DSPRITES = ImageShape(1, 64, 64)
NETWORKS = ("kim-mnih", "locatello", "mlp", "ibgan")


def size(network):
    return sum(parameter.numel() for parameter in network.parameters())


def conv(inputs, outputs, kernel=4):
    return inputs * outputs * kernel**2 + outputs


def dense(*widths):
    return sum((before + 1) * after for before, after in pairwise(widths))


UPCONVOLUTIONS = conv(64, 64) + conv(64, 32) + conv(32, 32) + conv(32, 1)
COUNTS = {
    "kim-mnih": (
        conv(1, 32) + conv(32, 32) + conv(32, 64) + conv(64, 64) + dense(1024, 128, 20),
        dense(10, 128, 1024) + UPCONVOLUTIONS,
    ),
    "locatello": (
        conv(1, 32) + conv(32, 32) + conv(32, 64, 2) + conv(64, 64, 2) + dense(1024, 256, 20),
        dense(10, 256, 1024) + UPCONVOLUTIONS,
    ),
    "mlp": (dense(4096, 1200, 1200, 20), dense(10, 1200, 1200, 1200, 4096)),
    "ibgan": (
        # Convolutions without biases, two numbers per channel of batch normalisation.
        16 * (1 * 16 + 16 * 32 + 32 * 64)
        + 9 * 2 * 64 * 64
        + 2 * (16 + 32 + 3 * 64)
        + dense(4096, 256)
        + 2 * 256
        + dense(256, 20),
        1_179_489,  # IB-GAN's generator on dSprites
    ),
}


@pytest.mark.parametrize("networks", NETWORKS)
def test_parameter_counts_on_dsprites(networks):
    cfg = resolve(FactorVAEConfig, "dsprites", None, {"networks": networks})
    with torch.device("meta"):
        model = FactorVAE(cfg, DSPRITES)
    assert (size(model.encoder), size(model.decoder)) == COUNTS[networks]
    assert size(model.discriminator) == dense(10, *[1000] * 6, 2)


def test_the_counts_of_kim_and_mnih_in_numbers():
    assert COUNTS["kim-mnih"] == (249_172, 248_833)
    assert dense(10, *[1000] * 6, 2) == 5_018_002


def test_the_preset_of_locatello_has_its_width_on_every_data_set():
    for dataset in ("dsprites", "celeba"):
        cfg = resolve(FactorVAEConfig, dataset, "locatello", {})
        with torch.device("meta"):
            model = FactorVAE(cfg, DSPRITES)
        assert (size(model.encoder), size(model.decoder)) == COUNTS["locatello"]


def kinds(network):
    return [type(layer).__name__ for layer in network.children()]


def test_layers_in_order():
    model = tiny(FactorVAE, DSPRITES, discriminator_layers=6)
    assert kinds(model.encoder) == ["Conv2d", "ReLU"] * 4 + ["Flatten", "Linear", "ReLU", "Linear"]
    assert kinds(model.decoder) == (
        ["Linear", "ReLU"] * 2 + ["Unflatten"] + ["ConvTranspose2d", "ReLU"] * 3 + ["ConvTranspose2d"]
    )
    assert kinds(model.discriminator) == ["Linear", "LeakyReLU"] * 6 + ["Linear"]
    assert {layer.negative_slope for layer in model.modules() if isinstance(layer, nn.LeakyReLU)} == {0.2}
    mlp = tiny(VAE, networks="mlp")
    assert kinds(mlp.encoder) == ["Flatten"] + ["Linear", "ReLU"] * 2 + ["Linear"]
    assert kinds(mlp.decoder) == ["Linear", "Tanh"] * 3 + ["Linear", "Unflatten"]


@pytest.mark.parametrize("networks", NETWORKS)
@pytest.mark.parametrize("image", [(1, 64, 64), (3, 32, 32), (1, 28, 28), (1, 17, 30)])
def test_images_of_any_size_come_back_in_their_size(networks, image):
    shape = ImageShape(*image)
    x = torch.rand(2, *shape, generator=torch.Generator().manual_seed(0))
    code = encoder(networks, shape, 8, 2, 6)(x)
    assert code.shape == (2, 6)
    assert decoder(networks, shape, 8, 2, 6)(code).shape == x.shape


def test_what_is_no_multiple_of_16_is_framed_with_zeros():
    shape = ImageShape(1, 17, 30)
    x = torch.rand(2, *shape, generator=torch.Generator().manual_seed(0))
    padded = encoder("kim-mnih", shape, 8, 2, 6)
    framed = torch.zeros(2, 1, 32, 32)
    framed[:, :, 7:24, 1:31] = x
    torch.testing.assert_close(padded[0](x), framed)
    torch.testing.assert_close(decoder("kim-mnih", shape, 8, 1, 6)[-1](framed), x)


def test_init_1konny_is_narrow_but_in_transposed_convolutions():
    torch.manual_seed(0)
    cfg = resolve(FactorVAEConfig, "*", None, {"init": "1konny", "discriminator_layers": 2})
    for module in FactorVAE(cfg, DSPRITES).modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            assert not module.bias.any()
            if module.weight.numel() > 2000:
                assert module.weight.std().item() == pytest.approx(0.02, rel=0.1)
        elif isinstance(module, nn.ConvTranspose2d):
            # PyTorch's own: uniform, and the bias with it.
            bound = 1 / math.sqrt(module.weight[0].numel())
            assert bound > 0.03
            assert module.weight.abs().max().item() == pytest.approx(bound, rel=0.1)
            assert module.bias.any()


def test_networks_with_batch_normalisation_need_two_images():
    with pytest.raises(UsageError, match="networks: received 'ibgan', expected a batch_size from 2 on"):
        build(VAEConfig, {"networks": "ibgan", "batch_size": 1})
    assert build(VAEConfig, {"networks": "mlp", "batch_size": 1}).batch_size == 1
