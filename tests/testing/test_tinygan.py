"""A plugin in a distribution of its own is found, keeps every promise, and trains as the built-in ones do."""

import ast
import importlib.metadata
import json
from pathlib import Path

import pytest
import torch

from disentangle_eval import checkpoint as checkpoints
from disentangle_eval.api import ImageShape
from disentangle_eval.config import resolve
from disentangle_eval.opening.models import build_model, restore_model
from disentangle_eval.registry.lookup import load_registry
from disentangle_eval.testing import check_model, parametrize_checks
from disentangle_eval.testing.trial import random_images
from disentangle_eval.training.folder import RunFolder
from disentangle_eval.training.run import Identity, Run, Ticks
from disentangle_eval.training.training import Training

SOURCE = Path(__file__).parents[1] / "dists" / "deval-tinygan" / "src" / "deval_tinygan"
PUBLIC = {"disentangle_eval", "disentangle_eval.config", "disentangle_eval.api", "disentangle_eval.latents"}
NOT_OFFERED = {
    "decode",
    "pictures",
    "posterior",
    "log_likelihood",
    "rate",
    "traversal",
    "lower_bound",
    "class_probabilities",
}


def installed() -> bool:
    try:
        importlib.metadata.distribution("deval-tinygan")
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


needs_tinygan = pytest.mark.skipif(
    not installed(),
    reason="deval-tinygan is not installed: pip install --no-build-isolation --no-deps tests/dists/deval-tinygan",
)


@needs_tinygan
@parametrize_checks("tinygan", image=(3, 28, 28), config={"width": 4})
def test_tinygan_conforms(check):
    check()


@needs_tinygan
def test_checks_of_what_it_does_not_offer_are_skipped_with_the_reason():
    skipped = {done.check: done.message for done in check_model("tinygan", image=(1, 32, 32)) if done.status != "ok"}
    assert set(skipped) == NOT_OFFERED
    assert skipped["posterior"] == "TinyGAN does not have the ability Posterior: no posterior"


@needs_tinygan
def test_it_trains_and_its_checkpoint_encodes_images(tmp_path):
    registry = load_registry()
    record = registry.find_model("tinygan")
    assert record.distribution == "deval-tinygan"
    data = random_images(ImageShape(1, 64, 64), n=32, seed=0)
    cfg = resolve(registry.resolve(record, "config"), "random", None, {"iterations": 4, "batch_size": 8, "width": 4})
    model = build_model(registry.resolve(record, "target"), cfg, data.shape, seed=3)
    start = {name: value.clone() for name, value in model.named_parameters()}
    run = Run(
        Training(model, data, cfg, 3, torch.device("cpu")),
        identity=Identity(
            model="tinygan", distribution=record.distribution, version=record.spec.version, dataset="random"
        ),
        folder=RunFolder(tmp_path / "run"),
        ticks=Ticks(log=2, checkpoint=4, snapshot=4),
    )
    run.start({})
    run.train()

    assert all(not torch.equal(value, start[name]) for name, value in run.training.model.named_parameters())
    lines = [json.loads(line) for line in run.folder.log.read_text().splitlines()]
    assert [line["iteration"] for line in lines] == [2, 4]
    assert {"loss_discriminator", "loss_generator", "loss_encoder", "logit_real", "logit_fake"} <= set(lines[0])
    restored = restore_model(checkpoints.load(run.folder.checkpoint))
    x = data.images(torch.arange(5))
    with torch.no_grad():
        codes = restored.encode(x)
        torch.testing.assert_close(codes, run.training.model.eval().encode(x))
    assert codes.shape == (5, cfg.z_dim)


def test_it_imports_only_the_public_interface():
    imported = {name for file in SOURCE.glob("*.py") for name in imports(file) if name.startswith("disentangle_eval")}
    assert imported
    assert imported <= PUBLIC


def imports(file: Path):
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
