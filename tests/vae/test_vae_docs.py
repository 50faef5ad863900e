"""The tables of the family's page hold what the code does."""

import re

import pytest
import torch
from doc_pages import read, shown, table_of
from vae_tiny import BATCH, IMAGE, MODELS, FactorVAE, tiny

from deval_vae import register_models
from deval_vae.config import FactorVAEConfig
from disentangle_eval.api import ImageShape
from disentangle_eval.config import resolve
from disentangle_eval.testing import RecordedStep

PAGE = "models/vae.md"
CONFIGS = {
    spec.name: next(config for config in MODELS.values() if spec.config.endswith(f":{config.__name__}"))
    for spec in register_models()
}
UNLISTED = "a-data-set-of-a-user"


@pytest.mark.parametrize("name", CONFIGS)
def test_presets_that_the_family_shares(name):
    header, *table = table_of(PAGE, "preset", "data set", "networks")
    assert {row[0] for row in table} == {"reference", "locatello"}
    for preset, dataset, *cells in table:
        cfg = resolve(CONFIGS[name], UNLISTED if dataset.startswith("all") else dataset, preset, {})
        assert [read(cell) for cell in cells] == [shown(getattr(cfg, field)) for field in header[2:]]
        assert (cfg.batch_size, cfg.lr, cfg.init) == (64, 1e-4, "default")


def test_what_each_model_has_beside():
    told = {}
    for model, presets, datasets, values in table_of(PAGE, "model", "preset", "data set", "values")[1:]:
        for preset in ("reference", "locatello") if presets == "both" else (presets,):
            for dataset in datasets.split(", "):
                cfg = resolve(CONFIGS[model], UNLISTED if dataset.startswith("all") else dataset, preset, {})
                for value in re.sub(r" \(.*?\)", "", values).split(", "):
                    field, cell = value.split(" ")
                    assert read(cell) == shown(getattr(cfg, field)), (model, preset, dataset, field)
                told.setdefault((model, preset), set()).add(dataset)
    for model, config in CONFIGS.items():
        for preset, by_dataset in config.presets.items():
            for dataset, values in by_dataset.items():
                if values.keys() - {"networks", "hidden", "latent_dim", "iterations", "dataset"} and dataset != "*":
                    assert dataset in told[model, preset]


def test_parameter_counts():
    for networks, *cells in table_of(PAGE, "networks", "encoder", "decoder", "discriminator")[1:]:
        with torch.device("meta"):
            model = FactorVAE(resolve(FactorVAEConfig, "dsprites", None, {"networks": networks}), ImageShape(1, 64, 64))
        for network, cell in zip((model.encoder, model.decoder, model.discriminator), cells, strict=True):
            assert f"{sum(parameter.numel() for parameter in network.parameters()):,}" == cell


@pytest.mark.parametrize("name", CONFIGS)
def test_what_a_model_logs(name):
    (model,) = (model for model, config in MODELS.items() if config is CONFIGS[name])
    losses = tiny(model).losses(RecordedStep(BATCH, IMAGE))
    told = {
        term
        for terms, models, _ in table_of(PAGE, "term", "models", "meaning")[1:]
        for term in terms.split(", ")
        if models == "all" or name in models.split(", ")
    }
    assert told == {*losses.terms, *(f"loss_{player}" for player in losses.total)}
