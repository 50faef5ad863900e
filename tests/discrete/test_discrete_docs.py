"""The tables of the page hold what the code does."""

import re

import pytest
import torch
from discrete_tiny import BATCH, IMAGE, tiny_jointvae, tiny_vqvae
from doc_pages import PAGES, read, shown, table_of, tables_of

from deval_discrete import register_models
from deval_discrete.config import JointVAEConfig, VQVAEConfig
from deval_discrete.jointvae import JointVAE
from disentangle_eval.api import ImageShape
from disentangle_eval.config import preset_dataset, resolve
from disentangle_eval.testing import RecordedStep

PAGE = "models/discrete.md"


def test_presets_of_jointvae():
    header, *rows = table_of(PAGE, "data set", "classes")
    assert {row[0] for row in rows} == JointVAEConfig.presets["paper"].keys() - {"*"}
    for dataset, *cells in rows:
        cfg = resolve(JointVAEConfig, dataset, None, {})
        assert [read(cell) for cell in cells] == [shown(getattr(cfg, field)) for field in header[1:]]
        assert (cfg.batch_size, cfg.temperature, cfg.hidden) == (64, 0.67, 256)
    assert resolve(JointVAEConfig, "a-data-set-of-a-user", None, {}) == resolve(JointVAEConfig, "mnist", None, {})
    assert preset_dataset(JointVAEConfig, "chairs3d", None) == "chairs3d?channels=1"


def test_presets_of_vq_vae():
    header, *rows = table_of(PAGE, "preset", "data set")
    assert {row[0] for row in rows} == VQVAEConfig.presets.keys()
    for preset, datasets, *cells in rows:
        for dataset in ["a-data-set-of-a-user"] if datasets.startswith("all") else datasets.split(", "):
            cfg = resolve(VQVAEConfig, dataset, preset, {})
            assert [read(cell) for cell in cells] == [shown(getattr(cfg, field)) for field in header[2:]]
            assert (cfg.beta, cfg.residual_blocks, cfg.variance, cfg.prior) == (0.25, 2, 0.06, "none")


@pytest.mark.parametrize(
    ("dataset", "images", "epochs"),
    [("mnist", 60_000, 100), ("chairs3d", 86_366, 100), ("celeba", 202_599, 100), ("dsprites", 737_280, 30)],
)
def test_iterations_are_the_published_epochs(dataset, images, epochs):
    assert resolve(JointVAEConfig, dataset, None, {}).iterations == round(images * epochs / 64)


def test_parameters_of_jointvae():
    with torch.device("meta"):
        model = JointVAE(resolve(JointVAEConfig, "dsprites", None, {}), ImageShape(1, 64, 64))
    counts = [sum(p.numel() for p in network.parameters()) for network in (model.encoder, model.decoder)]
    told = re.search(r"Parameters on dSprites: encoder ([\d,]+), decoder ([\d,]+)", PAGES[PAGE])
    assert [int(count.replace(",", "")) for count in told.groups()] == counts


@pytest.mark.parametrize(("number", "model"), [(0, tiny_jointvae), (1, tiny_vqvae)])
def test_what_a_model_logs(number, model):
    losses = model().losses(RecordedStep(BATCH, IMAGE))
    told = {term for row in tables_of(PAGE, "term", "meaning")[number][1:] for term in row[0].split(", ")}
    assert told == {*losses.terms, *(f"loss_{player}" for player in losses.total)}


def test_the_page_lists_the_models():
    assert [row[0] for row in table_of(PAGE, "model", "paper")[1:]] == [spec.name for spec in register_models()]
