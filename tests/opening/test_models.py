"""A checkpoint that does not fit what is installed is refused in one line with what to do."""

from dataclasses import replace

import pytest
import torch

from disentangle_eval.api import ImageShape
from disentangle_eval.checkpoint import Checkpoint, load, save
from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.opening.models import build_model, open_model, restore_model
from disentangle_eval.registry.lookup import load_registry
from disentangle_eval.runtime.files import sha256

SHAPE = ImageShape(1, 16, 16)


@pytest.fixture(scope="module")
def vae():
    registry = load_registry()
    record = registry.find_model("vae")
    cfg = registry.resolve(record, "config")(networks="mlp", hidden=8)
    model = build_model(registry.resolve(record, "target"), cfg, SHAPE, seed=0)
    return Checkpoint(
        model={"name": "vae", "distribution": record.distribution, "version": record.spec.version},
        config=cfg.model_dump(mode="json"),
        data={"dataset": "noise", "name": "noise", "sha256": "0" * 64, "shape": list(SHAPE)},
        seed=0,
        iteration=1,
        weights={name: value.detach() for name, value in model.state_dict().items()},
        train=None,
        versions={},
    )


def test_a_model_comes_back_with_its_weights_ready_to_be_judged(vae):
    model = restore_model(vae)
    assert not model.training
    assert all(torch.equal(value, vae.weights[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "no such model"}, "which no installed plugin provides; pip install"),
        (
            {"name": "no such model", "distribution": "mine.py"},
            "which no installed plugin provides; add --plugins mine.py",
        ),
        ({"distribution": "deval-strange"}, "received the model of deval-strange, expected that of "),
        ({"version": 99}, "received version 99, expected version 1, which is installed; install the release of"),
    ],
)
def test_a_model_that_is_not_installed_or_is_another_one_is_refused(vae, change, said):
    with pytest.raises(DevalError) as caught:
        restore_model(replace(vae, model={**vae.model, **change}))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_checksum_is_that_of_the_weights_where_a_training_goes_on(vae, tmp_path, monkeypatch):
    path = tmp_path / "checkpoint.pt"
    save(path, vae)
    read = []

    def replaced_meanwhile(path, *, train):
        read.append(found := load(path, train=train))
        if len(read) == 1:
            save(path, replace(vae, iteration=2))
        return found

    monkeypatch.setattr("disentangle_eval.checkpoint.load", replaced_meanwhile)
    origin = open_model(path, "cpu").origin
    assert [checkpoint.iteration for checkpoint in read] == [1, 2]
    assert (origin.checkpoint.iteration, origin.sha256) == (2, sha256(path))


def test_a_setting_that_the_installed_model_does_not_have_is_one_of_the_checkpoint(vae):
    with pytest.raises(UsageError, match=r"^checkpoint of 'vae': old: unknown setting, .*; install the release of"):
        restore_model(replace(vae, config={**vae.config, "old": 1}))


@pytest.mark.parametrize("change", ["missing", "of another shape", "unknown"])
def test_weights_that_do_not_fit_the_model_are_refused(vae, change):
    weights, first = dict(vae.weights), next(iter(vae.weights))
    if change == "missing":
        del weights[first]
    else:
        weights[first if change == "of another shape" else "more"] = torch.zeros(3, 5, 7)
    with pytest.raises(DevalError, match="its weights do not fit the model") as caught:
        restore_model(replace(vae, weights=weights))
    assert "\n" not in str(caught.value)


def test_settings_that_the_installed_model_does_not_have_are_refused(vae):
    with pytest.raises(DevalError, match="no_such_setting"):
        restore_model(replace(vae, config={**vae.config, "no_such_setting": 1}))
