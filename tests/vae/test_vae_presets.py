"""The settings of the family against what METHODS gives, data set by data set."""

import pytest
from vae_tiny import DIPVAEI, DIPVAEII, DISCRIMINATED, MODELS, BetaTCVAE, FactorVAE

from deval_vae import register_models
from disentangle_eval.config import preset_dataset, resolve

FAMILY = {
    "batch_size": 64,
    "lr": 1e-4,
    "init": "default",
    "latent_dim": 10,
    "networks": "kim-mnih",
    "hidden": 256,
    "iterations": 1_000_000,
}
DSPRITES = {**FAMILY, "hidden": 128, "iterations": 300_000}
SHAPES3D = {**FAMILY, "latent_dim": 6}
LOCATELLO = {**FAMILY, "networks": "locatello", "iterations": 300_000}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("dataset", "preset", "expected"),
    [
        ("dsprites", None, DSPRITES),
        ("dsprites", "reference", DSPRITES),
        ("shapes3d", None, SHAPES3D),
        ("sprites3d", None, SHAPES3D),
        ("celeba", None, FAMILY),
        ("mnist", "reference", FAMILY),
        ("dsprites", "locatello", LOCATELLO),
        ("celeba", "locatello", LOCATELLO),
    ],
)
def test_what_the_family_shares(model, dataset, preset, expected):
    values = resolve(MODELS[model], dataset, preset, {}).model_dump()
    assert {name: values[name] for name in expected} == expected


@pytest.mark.parametrize("model", DISCRIMINATED)
@pytest.mark.parametrize(
    ("dataset", "lr"),
    [
        ("dsprites", 1e-4),
        ("faces3d", 1e-4),
        ("shapes3d", 1e-5),
        ("sprites3d", 1e-5),
        ("chairs3d", 1e-5),
        ("celeba", 1e-5),
    ],
)
def test_learning_rates_of_the_discriminator(model, dataset, lr):
    assert resolve(MODELS[model], dataset, None, {}).lr_discriminator == lr
    assert resolve(MODELS[model], dataset, "locatello", {}).lr_discriminator == 1e-4


@pytest.mark.parametrize("model", MODELS)
def test_3d_chairs_are_in_colour_as_in_the_paper_of_factorvae_unless_typed(model):
    assert preset_dataset(MODELS[model], "chairs3d", None) == "chairs3d?channels=3"
    assert preset_dataset(MODELS[model], "chairs3d?channels=1", None) == "chairs3d?channels=1"


def test_gamma_of_factorvae_and_where_its_permuted_latents_come_from():
    config = MODELS[FactorVAE]
    by_dataset = {name: resolve(config, name, None, {}).gamma for name in ("dsprites", "chairs3d", "celeba")}
    assert by_dataset == {"dsprites": 35, "chairs3d": 3.2, "celeba": 6.4}
    assert resolve(config, "dsprites", None, {}).second_batch
    locatello = resolve(config, "dsprites", "locatello", {})
    assert locatello.gamma in {10, 20, 30, 40, 50, 100}
    assert not locatello.second_batch


def test_chen_s_script():
    cfg = resolve(MODELS[BetaTCVAE], "dsprites", "chen", {})
    assert (cfg.networks, cfg.batch_size, cfg.lr) == ("mlp", 2048, 1e-3)
    assert cfg.iterations == 50 * (737_280 // 2048)


@pytest.mark.parametrize(("model", "ratio"), [(DIPVAEI, 10), (DIPVAEII, 1)])
def test_dip_vae_s_two_weights_stand_in_the_published_ratio(model, ratio):
    cfg = resolve(MODELS[model], "dsprites", None, {})
    assert cfg.lambda_od in {1, 2, 5, 10, 20, 50}
    assert cfg.lambda_d == ratio * cfg.lambda_od


def test_the_records_name_these_models():
    records = {spec.name: spec for spec in register_models()}
    assert list(records) == [
        "vae", "beta-vae", "annealed-vae", "factorvae", "beta-tcvae", "dip-vae-i", "dip-vae-ii", "ada-gvae", "aae"
    ]  # fmt: skip
    named = {(spec.target.partition(":")[2], spec.config.partition(":")[2]) for spec in records.values()}
    assert named == {(model.__name__, config.__name__) for model, config in MODELS.items()}
