"""A model of fifteen lines on the public base: it keeps every promise, trains, and its loss is the published one."""

import importlib
import inspect

import pytest
import torch

from disentangle_eval.api import ImageShape
from disentangle_eval.config import resolve
from disentangle_eval.opening.models import build_model
from disentangle_eval.registry.lookup import load_registry
from disentangle_eval.testing import check_model
from disentangle_eval.testing.trial import random_images
from disentangle_eval.training.training import Training

SMALL = {"hidden": 8, "latent_dim": 3}


@pytest.fixture(autouse=True)
def wae(install):
    install("deval-wae")


def test_a_wae_is_fifteen_lines_and_keeps_every_promise():
    model = importlib.import_module("deval_wae.model")
    assert len([line for line in inspect.getsource(model).splitlines() if line.strip()]) <= 15
    outcomes = check_model("wae-mmd", image=(1, 16, 16), config=SMALL)
    assert [f"{done.check}: {done.message}" for done in outcomes if done.status not in ("ok", "skipped")] == []


def test_it_trains_and_encodes():
    registry = load_registry()
    record = registry.find_model("wae-mmd")
    data = random_images(ImageShape(1, 16, 16), n=32, seed=0)
    cfg = resolve(registry.resolve(record, "config"), "random", None, {**SMALL, "lr": 1e-3, "batch_size": 8})
    training = Training(build_model(registry.resolve(record), cfg, data.shape, 0), data, cfg, 0, torch.device("cpu"))
    training.advance(1)
    first = training.means()
    training.advance(19)
    last = training.means()
    assert {"loss_vae", "reconstruction", "kl", "total_kl", "mmd"} <= set(last)
    assert last["loss_vae"] < first["loss_vae"]
    assert training.model.eval().encode(data.images(torch.arange(4))).shape == (4, 3)


def test_the_kernel_distance_is_zero_in_the_mean_for_equal_distributions_and_its_maximum_for_distant_ones():
    mmd = importlib.import_module("deval_wae.model").mmd
    draw = torch.Generator().manual_seed(0)
    same = [mmd(torch.randn(64, 3, generator=draw), torch.randn(64, 3, generator=draw)) for _ in range(200)]
    assert torch.stack(same).mean().item() == pytest.approx(0, abs=2e-3)
    x = torch.zeros(8, 3)
    assert mmd(x, x + 1e4).item() == pytest.approx(2, abs=1e-4)
