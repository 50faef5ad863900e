"""Settings of InfoGAN and InfoWGAN-GP against the published tables, data set by data set."""

import pytest

from deval_infogan.config import InfoGANConfig, InfoWGANGPConfig
from disentangle_eval.config import build, preset_dataset, resolve
from disentangle_eval.errors import UsageError
from disentangle_eval.nn.code_heads import Codes

# data set: categorical codes, classes, continuous codes, noise, all inputs of G, standard deviation of Q
LATENTS = {
    "mnist": (1, 10, 2, 62, 74, "fixed"),
    "svhn": (4, 10, 4, 124, 168, "learned"),
    "celeba32": (10, 10, 0, 128, 228, "learned"),
    "faces": (0, 10, 5, 128, 133, "learned"),
    "chairs3d": (3, 20, 1, 128, 189, "learned"),
    "dsprites": (1, 3, 4, 5, 12, "learned"),
}
# preset, data set: learning rates of D with Q and of G, lambda of categorical and of continuous codes
WEIGHTS = {
    ("paper", "mnist"): (2e-4, 1e-3, 1, 1),
    ("paper", "svhn"): (2e-4, 1e-3, 1, 1),
    ("paper", "celeba32"): (2e-4, 1e-3, 1, 1),
    ("paper", "faces"): (2e-4, 5e-4, 1, 0.2),
    ("elevation", "faces"): (4e-4, 3e-4, 1, 0.1),
    ("lighting", "faces"): (8e-4, 3e-4, 1, 0.1),
    ("paper", "chairs3d"): (2e-4, 1e-3, 1, 10),
    ("chair-width", "chairs3d"): (2e-4, 1e-3, 2, 0.05),
    ("tuned", "dsprites"): (2e-3, 1e-3, 1, 0.05),
}


@pytest.mark.parametrize("dataset", LATENTS)
@pytest.mark.parametrize("preset", [None, "paper"])
def test_latents(dataset, preset):
    cfg = resolve(InfoGANConfig, dataset, preset, {})
    latents = (cfg.categorical_codes, cfg.classes, cfg.continuous_codes, cfg.noise_dim)
    assert (*latents, Codes(*latents).prior.dim, cfg.std) == LATENTS[dataset]
    assert (cfg.noise_prior, cfg.normalisation, cfg.bystander, cfg.slope) == ("uniform", "batch", False, 0.1)


@pytest.mark.parametrize("preset", ["paper", "elevation", "lighting"])
def test_faces_have_the_size_of_the_paper_unless_another_is_typed(preset):
    assert preset_dataset(InfoGANConfig, "faces", preset) == "faces?size=32"
    assert preset_dataset(InfoGANConfig, "faces?size=64", preset) == "faces?size=64"


@pytest.mark.parametrize(("preset", "dataset"), WEIGHTS)
def test_learning_rates_and_weights(preset, dataset):
    cfg = resolve(InfoGANConfig, dataset, preset, {})
    found = (cfg.lr_discriminator, cfg.lr_generator, cfg.lambda_categorical, cfg.lambda_continuous)
    assert found == WEIGHTS[preset, dataset]
    assert cfg.betas == (0.5, 0.999)


def test_mnist_is_the_authors_script():
    cfg = resolve(InfoGANConfig, "mnist", None, {})
    assert (cfg.batch_size, cfg.iterations) == (128, 5_000)
    assert resolve(InfoGANConfig, "mnist", "reference", {}) == cfg.model_copy(update={"slope": 0.01})


@pytest.mark.parametrize(
    ("config", "preset"), [(InfoGANConfig, "paper"), (InfoGANConfig, "reference"), (InfoWGANGPConfig, "paper")]
)
def test_the_part_of_mnist_that_the_authors_trained_on_has_the_settings_of_mnist(config, preset):
    assert resolve(config, "mnist-55k", preset, {}) == resolve(config, "mnist", preset, {})


@pytest.mark.parametrize("dataset", ["mnist", "mnist-55k"])
def test_the_tuned_mnist_setting(dataset):
    cfg = resolve(InfoGANConfig, dataset, "tuned", {})
    assert (cfg.augment, cfg.image_noise, cfg.average_decay) == (True, 0.3, 0.999)
    assert (cfg.width, cfg.batch_size, cfg.lr_discriminator, cfg.iterations) == (32, 64, 4e-4, 12_000)


def test_the_tuned_dsprites_setting():
    cfg = resolve(InfoGANConfig, "dsprites", "tuned", {})
    assert (cfg.normalisation, cfg.network, cfg.width, cfg.std) == ("spectral", "dsprites", 32, "fixed")
    assert (cfg.categorical_codes, cfg.continuous_codes, cfg.noise_dim) == (0, 5, 5)
    assert (cfg.batch_size, cfg.iterations) == (64, 288_000)


def test_the_critic_s_optimiser():
    cfg = resolve(InfoWGANGPConfig, "dsprites", None, {})
    assert (cfg.penalty, cfg.critic_steps, cfg.betas) == (10, 5, (0.5, 0.9))
    assert (cfg.lr_discriminator, cfg.lr_generator) == (1e-4, 1e-4)
    assert (cfg.categorical_codes, cfg.classes, cfg.continuous_codes, cfg.noise_dim) == (1, 3, 4, 5)


@pytest.mark.parametrize("betas", [(1.0, 0.9), (0.5, -0.1)])
def test_betas_that_adam_does_not_take_are_refused(betas):
    with pytest.raises(UsageError, match=r"betas: received .*, expected two numbers from 0 to below 1"):
        build(InfoGANConfig, {"betas": betas})
