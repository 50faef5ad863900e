"""Weights & Biases and MLflow get every term where they are set up, and nothing happens where they are not."""

import sys
from types import ModuleType, SimpleNamespace

import pytest

from disentangle_eval.errors import DevalWarning
from disentangle_eval.training.trackers import trackers

LINE = {"iteration": 20, "loss": 0.5, "kl": [1.0, 2.0]}
TERMS = {"iterations_per_second": 3.0, "loss": 0.5, "kl/0": 1.0, "kl/1": 2.0}


@pytest.fixture
def fakes(monkeypatch):
    """Stand-ins for both packages, and the calls that they received."""
    calls = []
    run = SimpleNamespace(
        log=lambda data, step: calls.append((data, step)), finish=lambda: calls.append("wandb finished")
    )
    wandb, mlflow, entities = ModuleType("wandb"), ModuleType("mlflow"), ModuleType("mlflow.entities")
    wandb.init = lambda **options: calls.append(options["name"]) or run

    class Client:
        def create_run(self, experiment, run_name):
            return SimpleNamespace(info=SimpleNamespace(run_id=f"{experiment} {run_name}"))

        def log_batch(self, run_id, metrics=(), params=()):
            calls.append((run_id, [metric[:2] for metric in metrics], list(params)))

        def set_terminated(self, run_id):
            calls.append("mlflow ended")

    mlflow.MlflowClient = Client
    entities.Metric = lambda *parts: parts
    entities.Param = lambda *parts: parts
    for module in (wandb, mlflow, entities):
        module.__spec__ = SimpleNamespace()
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return calls


def test_nothing_is_sent_where_no_place_is_named(fakes, monkeypatch, tmp_path):
    for variable in ("WANDB_PROJECT", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(variable, raising=False)
    with trackers("vae seed 0", tmp_path, {"beta": 4}) as writers:
        assert writers == ()
    assert fakes == []


def test_every_term_is_sent_and_the_runs_end(fakes, monkeypatch, tmp_path):
    monkeypatch.setenv("WANDB_PROJECT", "project")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "file:///nowhere")
    monkeypatch.delenv("MLFLOW_EXPERIMENT_ID", raising=False)
    with trackers("vae seed 0", tmp_path, {"beta": 4}) as writers:
        for write in writers:
            write(LINE, 3.0)
    assert fakes == [
        "vae seed 0",
        ("0 vae seed 0", [], [("beta", "4")]),
        (TERMS, 20),
        ("0 vae seed 0", list(TERMS.items()), []),
        "wandb finished",
        "mlflow ended",
    ]


def test_a_service_that_cannot_be_used_is_a_warning(fakes, monkeypatch, tmp_path):
    monkeypatch.setenv("WANDB_PROJECT", "project")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delattr(sys.modules["wandb"], "init")
    with pytest.warns(DevalWarning, match="wandb is left out"), trackers("a", tmp_path, {}) as writers:
        assert writers == ()


def test_a_service_that_fails_later_is_left_out_from_then_on(fakes, monkeypatch, tmp_path):
    monkeypatch.setenv("WANDB_PROJECT", "project")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "file:///nowhere")

    def gone(*arguments, **options):
        raise ConnectionError("no network")

    def use():
        with trackers("a", tmp_path, {}) as (of_wandb, of_mlflow):
            client = sys.modules["mlflow"].MlflowClient
            monkeypatch.setattr(client, "log_batch", gone)
            monkeypatch.setattr(client, "set_terminated", gone)
            for write in (of_mlflow, of_mlflow, of_wandb):
                write(LINE, 3.0)

    with pytest.warns(DevalWarning) as warned:
        use()
    assert [str(one.message) for one in warned] == [
        "mlflow is left out from iteration 20 on: ConnectionError: no network",
        "a service did not end its run: ConnectionError: no network",
    ]
    assert fakes[-2:] == [(TERMS, 20), "wandb finished"]
