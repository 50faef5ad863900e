"""Numbers that stand in tables are the numbers in the code."""

import numpy as np
import pytest
import torch
from doc_pages import read, shown, table_of, tables_of

from deval_ibgan.config import IBGANConfig
from deval_ibgan.model import IBGAN
from disentangle_eval.api import ImageShape
from disentangle_eval.config import resolve
from disentangle_eval.metrics.factors.factorvae import train_chance

IBGAN_PAGE = "models/ibgan.md"
FACTORVAE_PAGE = "metrics/factorvae.md"
CHANNELS = {"dsprites": 1, "color-dsprites-ibgan": 3, "chairs3d": 1, "celeba": 3}


def test_chance_on_training_votes():
    for dims, factors, votes, floor in table_of(FACTORVAE_PAGE, "active dimensions")[1:]:
        assert f"{train_chance(np.full(int(dims), 1 / int(dims)), int(factors), int(votes)):.3f}" == floor


def test_presets_of_ibgan():
    pairs = [(preset, dataset) for preset, by_dataset in IBGANConfig.presets.items() for dataset in by_dataset]
    for (_, _, *fields), *rows in tables_of(IBGAN_PAGE, "preset"):
        assert sorted((preset, dataset) for preset, dataset, *_ in rows) == sorted(pairs)
        for preset, dataset, *cells in rows:
            cfg = resolve(IBGANConfig, dataset, preset, {})
            assert [read(cell) for cell in cells] == [shown(getattr(cfg, field)) for field in fields]


def test_networks_of_ibgan_by_data_set():
    (_, *fields), *rows = table_of(IBGAN_PAGE, "data set", "variant")
    for dataset, *cells in rows:
        for preset in (preset for preset, by_dataset in IBGANConfig.presets.items() if dataset in by_dataset):
            cfg = resolve(IBGANConfig, dataset, preset, {})
            assert [read(cell) for cell in cells] == [shown(getattr(cfg, field)) for field in fields]


def test_the_two_tables_of_presets_hold_every_setting_that_a_preset_changes():
    tables = [*tables_of(IBGAN_PAGE, "preset"), table_of(IBGAN_PAGE, "data set", "variant")]
    tabled = {head for table in tables for head in table[0]}
    changed = {
        field for by_dataset in IBGANConfig.presets.values() for values in by_dataset.values() for field in values
    }
    assert changed <= tabled


@pytest.mark.parametrize("dataset", CHANNELS)
def test_parameter_counts_of_ibgan(dataset):
    rows = {name: cells for name, *cells in table_of(IBGAN_PAGE, "data set", "e")[1:]}
    with torch.device("meta"):
        model = IBGAN(resolve(IBGANConfig, dataset, None, {}), ImageShape(CHANNELS[dataset], 64, 64))
    networks = (model.encoder, model.generator, model.trunk, model.discriminator, model.reconstructor, model)
    counts = [f"{sum(parameter.numel() for parameter in network.parameters()):,}" for network in networks]
    assert counts == rows[dataset]
