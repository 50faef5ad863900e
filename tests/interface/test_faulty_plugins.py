"""`deval train` and `deval score` on faulty plugins: one line that says what to change, and nothing else is lost."""

import json
from pathlib import Path

import pytest

import disentangle_eval as de
from disentangle_eval.errors import DevalError, DevalWarning, UsageError
from disentangle_eval.registry.lookup import load_registry
from disentangle_eval.results import read_results
from disentangle_eval.scoring.measurements import plan

pytestmark = pytest.mark.usefixtures("unrendered_plots")

PLUGIN = """
from typing import ClassVar

from disentangle_eval import DatasetSpec, MetricSpec, ModelSpec, hookimpl
from disentangle_eval.config import Field, MetricConfig, ModelConfig


class Settings(ModelConfig):
    fault: str = Field("", description="which fault")


class Protocols(MetricConfig):
    protocols: ClassVar = {"standard": {"n": 1}}
    n: int = Field(1, ge=0, description="a number")


class NoProtocols(MetricConfig):
    pass


class WrongProtocols(Protocols):
    protocols: ClassVar = {"standard": {"n": -1}}


@hookimpl
def register_models():
    yield ModelSpec(name="frail", summary="x", target="MODULE_parts:Frail", config="MODULE:Settings")


@hookimpl
def register_datasets():
    yield DatasetSpec(name="noise", summary="x", target="MODULE_parts:noise")
    yield DatasetSpec(name="three", summary="x", target="MODULE_parts:three")


@hookimpl
def register_metrics():
    for name, config in (("wordy", "Protocols"), ("single", "Protocols"), ("bare", "NoProtocols"),
                         ("wrong", "WrongProtocols")):
        yield MetricSpec(name=name, summary="x", target=f"MODULE_parts:{name.title()}", config=f"MODULE:{config}",
                         needs=frozenset({"encoder"}), headline="value", better="higher")
"""
PARTS = """
import numpy as np
import torch
from torch import nn

from disentangle_eval.api import Group, Losses, Metric, Model, Optim, Player, Round, Scores
from disentangle_eval.data import ByteImages, FactorSpace, ImageDataset
from disentangle_eval.latents import continuous


class Frail(Model):
    def __init__(self, cfg, image):
        super().__init__(cfg, image)
        self.network = nn.Linear(64, 3)
        self.code = continuous(3)

    def players(self):
        lr = -1.0 if self.cfg.fault == "rate" else 1e-3
        return [Player("only", (Group(self.network),), Optim(lr=lr))]

    def rounds(self):
        return [Round(self.losses, ("only",))]

    def losses(self, step):
        total = self.encode(step.images()).square().mean()
        if self.cfg.fault == "factors":
            total = total + (step.factors.float() @ torch.ones(3)).mean()
        if self.cfg.fault in ("raises", "factors"):
            raise KeyError("nothing")
        name = "loss_only" if self.cfg.fault == "term" else "size"
        noise = torch.randn(()) if self.cfg.fault == "random" else torch.zeros(())
        return Losses(total={"only": total}, terms={name: total.detach() + noise})

    def encode(self, x):
        return self.network(x.flatten(1))


def noise(spec, folder):
    pixels = torch.arange(32 * 64, dtype=torch.uint8).reshape(32, 1, 8, 8)
    return ImageDataset("noise", "0" * 64, ByteImages(pixels))


def three(spec, folder):
    pixels = torch.arange(32 * 64, dtype=torch.uint8).reshape(32, 1, 8, 8)
    return ImageDataset("three", "1" * 64, ByteImages(pixels), FactorSpace(("a", "b", "c"), (2, 4, 4)))


class Wordy(Metric):
    def score(self, subject, seed):
        return Scores({"value": "high"})


class Single(Metric):
    def score(self, subject, seed):
        return Scores({"value": np.float32(0.5), "row": [np.float32(1)]}, chance=np.float32(0.25))


Bare = Wrong = Single
"""


@pytest.fixture
def frail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The plugin above, in files of its own."""
    module = f"frail_{abs(hash(tmp_path))}"
    file = tmp_path / f"{module}.py"
    file.write_text(PLUGIN.replace("MODULE", module))
    (tmp_path / f"{module}_parts.py").write_text(PARTS)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("DEVAL_PLUGINS", str(file))
    monkeypatch.chdir(tmp_path)
    load_registry.cache_clear()
    yield module
    load_registry.cache_clear()


def train(dataset="noise", **settings):
    return de.train("frail", dataset, iterations=2, batch_size=4, device="cpu", threads=1, progress=False, **settings)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("rate", "to fix: correct the arguments of its Optim"),
        ("term", "to fix: rename the term"),
        ("raises", "KeyError: 'nothing'"),
    ],
)
def test_training_a_faulty_model_names_file_line_and_change(frail, fault, said):
    with pytest.raises(DevalError) as caught:
        train(fault=fault)
    assert said in str(caught.value)
    assert f"{frail}_parts.py:" in str(caught.value)


def test_what_the_checks_meet_on_their_own_images_hides_no_fault_of_training(frail):
    with pytest.raises(DevalError, match="KeyError: 'nothing'"):
        train("three", fault="factors")


def test_global_randomness_of_a_loss_is_noticed_in_the_first_iteration(frail):
    with pytest.warns(DevalWarning, match="torch's global generator used in the first iteration"):
        train(fault="random")


def test_a_run_of_another_distribution_s_model_of_the_same_name_is_refused(frail):
    run = train()
    described = json.loads((run.folder / "run.json").read_text())
    (run.folder / "run.json").write_text(json.dumps({**described, "distribution": "another"}))
    with pytest.raises(UsageError, match="expected that of another, version 1"):
        train(out=run.folder, resume=True)


def test_a_text_as_headline_is_refused_and_a_line_with_one_costs_no_other_score(frail):
    run = train()
    with pytest.raises(DevalError, match="its headline 'value' is 'high', expected a number"):
        run.score(metrics="wordy")
    results = run.folder / "results.jsonl"
    assert run.score(metrics="single")["single"].value == 0.5
    line = json.loads(results.read_text())
    results.write_text(json.dumps({**line, "value": "high"}) + "\n" + json.dumps(line) + "\n")
    with pytest.warns(DevalWarning, match="line 1: no score"):
        assert read_results(results) == [line]
    with pytest.warns(DevalWarning, match="line 1: no score"):
        assert len(de.load_results(run.folder)) == 1


def test_numbers_of_numpy_are_plain_in_a_result(frail):
    result = train().score(metrics="single")["single"]
    assert (type(result.value), type(result.chance), result.details) == (float, float, {"row": [1.0]})


def test_metrics_without_protocols_or_with_wrong_ones_cost_all_only_themselves(frail):
    with pytest.warns(DevalWarning) as caught:
        names = {measurement.name for measurement in plan(["all"])}
    assert {"mig", "single"} <= names
    assert not {"bare", "wrong"} & names
    assert {str(one.message).split()[0] for one in caught} == {"bare", "wrong"}
    with pytest.raises(DevalError, match="protocol 'standard' of metric 'wrong'"):
        plan(["wrong"])
