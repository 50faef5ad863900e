"""The tables of presets on the GANs' pages are what their configs resolve to."""

import pytest
from doc_pages import read, shown, table_of

from deval_binfogan.config import BidirectionalInfoGANConfig
from deval_infogan.config import InfoGANConfig
from disentangle_eval.config import resolve

FIELDS = {"batch": "batch_size"}


def rows(page, *header):
    """The rows of a page's table of presets as preset, data set and cells by column."""
    (_, *columns), *lines = table_of(page, *header)
    for line in lines:
        preset = line[0].partition(" ")[0] if header[0] == "preset" else "paper"
        datasets, cells = (line[1], line[2:]) if header[0] == "preset" else (line[0], line[1:])
        columns_here = columns[1:] if header[0] == "preset" else columns
        for dataset in datasets.split(", "):
            yield preset, dataset, dict(zip(columns_here, cells, strict=True))


@pytest.mark.parametrize(
    ("page", "config", "header"),
    [
        ("models/infogan.md", InfoGANConfig, ("preset", "data set")),
        ("models/binfogan.md", BidirectionalInfoGANConfig, ("data set", "network", "categorical_codes x classes")),
    ],
)
def test_presets(page, config, header):
    told = set()
    for preset, dataset, cells in rows(page, *header):
        cfg = resolve(config, dataset, preset, {})
        told.add((preset, dataset))
        for column, text in cells.items():
            cell = text.replace("\\*", "")
            if column == "categorical_codes x classes":
                codes, _, classes = cell.partition(" x ")
                assert (int(codes), int(classes or cfg.classes)) == (cfg.categorical_codes, cfg.classes)
            elif cell:
                assert read(cell) == shown(getattr(cfg, FIELDS.get(column, column))), (preset, dataset, column)
    presets = {(preset, dataset) for preset, by_dataset in config.presets.items() for dataset in by_dataset}
    # `reference` differs from `paper` in the slope alone, which the page says in words.
    assert told == {pair for pair in presets if pair[0] != "reference"}
