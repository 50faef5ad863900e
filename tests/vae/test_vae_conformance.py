"""The promises of the plugin interface."""

import pytest
from vae_tiny import TINY, TINY_DISCRIMINATOR

from disentangle_eval.testing import check_model, parametrize_checks

SMALL = {name: value for name, value in TINY.items() if name != "batch_size"}
IMAGE = (1, 16, 16)


@parametrize_checks(
    "vae", "beta-vae", "annealed-vae", "beta-tcvae", "dip-vae-i", "dip-vae-ii", "ada-gvae", image=IMAGE, config=SMALL
)
def test_models_of_one_player_conform(check):
    check()


@parametrize_checks("factorvae", "aae", image=IMAGE, config={**SMALL, **TINY_DISCRIMINATOR})
def test_models_with_a_discriminator_conform(check):
    check()


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("vae", {"networks": "locatello"}),
        ("vae", {"networks": "mlp"}),
        ("beta-tcvae", {"stratified": True}),
        ("factorvae", {"second_batch": False, "init": "1konny", **TINY_DISCRIMINATOR}),
    ],
)
def test_their_variants_conform(name, config, monkeypatch):
    # Published are 1,200 units, of which tests/vae/test_vae_networks.py is: five million weights.
    monkeypatch.setattr("disentangle_eval.nn.vae_networks.MLP_HIDDEN", 12)
    outcomes = check_model(name, image=(3, 28, 28), config={**SMALL, **config})
    assert [outcome for outcome in outcomes if outcome.status == "failed"] == []
