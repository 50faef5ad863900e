"""The tables of presets on the GANs' pages are what their configs resolve to."""

import pytest
from doc_pages import read, shown, tables_of

from deval_binfogan.config import BidirectionalInfoGANConfig
from deval_infoae.config import InfoAEConfig
from deval_infogan.config import InfoGANConfig
from disentangle_eval.config import resolve

FIELDS = {"batch": "batch_size", "lambda": "lambda_"}


def rows(page):
    """The rows of a page's tables of presets as preset, data set and cells by column."""
    for (_, _, *columns), *lines in tables_of(page, "preset", "data set"):
        for preset, datasets, *cells in lines:
            for dataset in datasets.split(", "):
                yield preset.partition(" ")[0], dataset, dict(zip(columns, cells, strict=True))


@pytest.mark.parametrize(
    ("page", "config"),
    [
        ("models/infogan.md", InfoGANConfig),
        ("models/binfogan.md", BidirectionalInfoGANConfig),
        ("models/infoae.md", InfoAEConfig),
    ],
)
def test_presets(page, config):
    listed = set()
    for preset, dataset, cells in rows(page):
        cfg = resolve(config, dataset, preset, {})
        listed.add((preset, dataset))
        for column, text in cells.items():
            cell = text.replace("\\*", "")
            if column == "categorical_codes x classes":
                codes, _, classes = cell.partition(" x ")
                assert (int(codes), int(classes or cfg.classes)) == (cfg.categorical_codes, cfg.classes)
            elif cell:
                assert read(cell) == shown(getattr(cfg, FIELDS.get(column, column))), (preset, dataset, column)
    presets = {(preset, dataset) for preset, by_dataset in config.presets.items() for dataset in by_dataset}
    # `reference` differs from `paper` in the slope alone, which the page says in words.
    assert listed == {pair for pair in presets if pair[0] != "reference"}


@pytest.mark.parametrize("preset", BidirectionalInfoGANConfig.presets)
def test_learning_rates_fall_over_all_iterations_of_a_preset(preset):
    for dataset in BidirectionalInfoGANConfig.presets[preset]:
        cfg = resolve(BidirectionalInfoGANConfig, dataset, preset, {})
        assert cfg.decay_iterations in (None, cfg.iterations)
