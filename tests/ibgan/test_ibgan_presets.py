"""IB-GAN's settings against the published table, data set by data set."""

import pytest

from deval_ibgan.config import GANConfig, IBGANConfig, InfoGANConfig
from disentangle_eval.config import build, resolve, shortened
from disentangle_eval.errors import UsageError

DSPRITES = {
    "variant": "small",
    "z_dim": 16,
    "r_dim": 10,
    "lr": 5e-5,
    "lr_discriminator": 1e-6,
    "iterations": 150_000,
    "noise_start": 1.0,
    "noise_end": 0.0,
    "noise_iterations": 100_000,
    "label_smoothing": False,
    "gamma": 1.0,
    "beta": 0.141,
    "generator_width": 16,
    "discriminator_width": 16,
    "init": "normal",
    "batch_size": 64,
    "rate_ceiling": False,
    "augment": False,
    "real_through_q": False,
    "average_decay": None,
}
CHAIRS = {
    **DSPRITES,
    "variant": "big",
    "z_dim": 64,
    "r_dim": 10,
    "lr_discriminator": 2e-6,
    "iterations": 700_000,
    "noise_start": 0.5,
    "noise_end": 0.01,
    "noise_iterations": 700_000,
    "label_smoothing": True,
    "gamma": 1.0,
    "beta": 0.325,
    "generator_width": 32,
    "discriminator_width": 16,
    "init": "orthogonal",
}
PUBLISHED = {
    "dsprites": DSPRITES,
    "color-dsprites-ibgan": {**DSPRITES, "iterations": 500_000, "noise_iterations": 400_000, "beta": 0.071},
    "chairs3d": CHAIRS,
    "celeba": {
        **CHAIRS,
        "r_dim": 15,
        "iterations": 1_000_000,
        "noise_iterations": 1_000_000,
        "beta": 0.35,
        "generator_width": 64,
        "discriminator_width": 64,
    },
}


@pytest.mark.parametrize("dataset", PUBLISHED)
@pytest.mark.parametrize("preset", [None, "reference"])
def test_the_default_is_the_authors_readme(dataset, preset):
    assert resolve(IBGANConfig, dataset, preset, {}).model_dump() == PUBLISHED[dataset]


@pytest.mark.parametrize(
    ("dataset", "differing"),
    [
        ("dsprites", {}),
        ("color-dsprites-ibgan", {}),
        ("chairs3d", {"gamma": 1.2, "beta": 0.35}),
        ("celeba", {"gamma": 2.0, "beta": 0.325}),
    ],
)
def test_the_paper_weighs_chairs_and_faces_otherwise(dataset, differing):
    assert resolve(IBGANConfig, dataset, "paper", {}).model_dump() == {**PUBLISHED[dataset], **differing}


@pytest.mark.parametrize("preset", IBGANConfig.presets)
def test_every_preset_holds_valid_settings(preset):
    for dataset in IBGANConfig.presets[preset]:
        resolve(IBGANConfig, dataset, preset, {})


def test_the_schedule_shortened_by_four_is_the_faithful_one():
    cfg = shortened(resolve(IBGANConfig, "dsprites", None, {}), 4)
    assert (cfg.lr, cfg.lr_discriminator) == (2e-4, 4e-6)
    assert (cfg.iterations, cfg.noise_iterations, cfg.noise_start, cfg.noise_end) == (37_500, 25_000, 1.0, 0.0)


@pytest.mark.parametrize("config", [IBGANConfig, GANConfig, InfoGANConfig])
def test_batch_normalisation_needs_two_images(config):
    with pytest.raises(UsageError, match="batch_size: received 1"):
        build(config, {"batch_size": 1})
