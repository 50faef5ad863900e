"""Training without a folder, and what a run is to be before anything is opened."""

import pytest
import torch
from toy_gan import SHAPE, ToyConfig, ToyData, ToyGAN, finish, same, started

from disentangle_eval import checkpoint as checkpoints
from disentangle_eval.errors import UsageError
from disentangle_eval.opening.models import build_model
from disentangle_eval.runtime.threads import default_threads
from disentangle_eval.testing.host_graph import HostGraph
from disentangle_eval.training.folder import RunFolder, read_lines
from disentangle_eval.training.planning import next_free_folder, plan_run
from disentangle_eval.training.training import Training


def toy_training(**options):
    cfg = ToyConfig()
    return Training(build_model(ToyGAN, cfg, SHAPE, 0), ToyData(), cfg, 0, torch.device("cpu"), **options)


def test_a_training_advances_as_a_run_does(tmp_path):
    folder = finish(started(tmp_path / "run", log=4))
    training = toy_training()
    training.advance(4)
    assert read_lines(folder.log)[0] == {"iteration": 4, **training.means()}
    training.advance(8)
    assert training.iteration == 12
    assert same(training.weights(), dict(checkpoints.load(folder.checkpoint).weights))


@pytest.mark.parametrize("new_graph", [None, HostGraph])
def test_a_training_restored_goes_on_to_the_same_bits(new_graph):
    whole, other = toy_training(new_graph=new_graph), toy_training(new_graph=new_graph)
    whole.advance(5)
    other.advance(9)
    other.restore(whole.weights(), whole.state(), 5)
    for training in (whole, other):
        training.advance(4)
    assert same(whole.weights(), other.weights())
    assert same(whole.state(), other.state())
    assert whole.means() == other.means()


# ---------------------------------------------------------------- planning


def test_a_plan_takes_presets_and_what_was_given_and_fixes_device_and_threads(tmp_path):
    plan = plan_run("beta-vae", {"beta": 7.0, "seed": 3, "log_every": 5}, tmp_path / "run")
    assert (plan.cfg.beta, plan.settings.seed, plan.settings.log_every, plan.settings.dataset) == (7, 3, 5, "dsprites")
    assert plan.settings.device in ("cpu", "cuda")
    assert plan.settings.threads == default_threads()
    assert plan.resumed is None


def test_threads_auto_is_a_number_in_the_plan_that_resuming_keeps(tmp_path, monkeypatch):
    monkeypatch.setattr("disentangle_eval.training.planning.free_threads", lambda: 3)
    plan = plan_run("beta-vae", {"threads": "auto"}, tmp_path)
    assert plan.settings.threads == 3
    config = plan.cfg.model_dump(mode="json")
    RunFolder(tmp_path).write_run({"model": "beta-vae", "config": config, "settings": plan.settings.model_dump()})
    assert plan_run("beta-vae", {}, tmp_path, resume=True).settings.threads == 3
    with pytest.raises(UsageError, match="threads: received 0, expected a number from 1 on, or auto"):
        plan_run("beta-vae", {"threads": 0}, tmp_path)


def test_products_follow_from_the_cpu_and_resuming_keeps_those_a_run_began_with(tmp_path, monkeypatch):
    monkeypatch.setattr("disentangle_eval.training.planning.default_products", lambda: "onednn")
    plan = plan_run("beta-vae", {"device": "cpu"}, tmp_path)
    assert plan.settings.products == "onednn"
    assert plan_run("beta-vae", {"products": "torch"}, tmp_path).settings.products == "torch"
    stored = plan.settings.model_dump()
    for before, expected in ((stored, "onednn"), ({**stored, "products": "torch"}, "torch")):
        write_run(tmp_path, plan, before)
        assert plan_run("beta-vae", {}, tmp_path, resume=True).settings.products == expected
    write_run(tmp_path, plan, {name: value for name, value in stored.items() if name != "products"})
    assert plan_run("beta-vae", {}, tmp_path, resume=True).settings.products == "torch"
    with pytest.raises(UsageError, match="products is 'torch' in the run, received 'onednn'"):
        plan_run("beta-vae", {"products": "onednn"}, tmp_path, resume=True)


def write_run(folder, plan, settings):
    config = plan.cfg.model_dump(mode="json")
    RunFolder(folder).write_run({"model": "beta-vae", "config": config, "settings": settings})


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"bta": 1}, "bta: unknown setting"),
        ({"beta": -1}, "beta: received -1"),
        ({"seed": -1}, "seed: received -1"),
        ({"device": "tpu"}, "device: received 'tpu'"),
        ({"log_every": 1.5}, "log_every: received 1.5"),
        ({"preset": "papr"}, "preset: received 'papr'"),
    ],
)
def test_mistakes_are_named_before_anything_is_opened(tmp_path, given, named):
    with pytest.raises(UsageError, match=named):
        plan_run("beta-vae", given, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_resumed_plan_keeps_the_run_s_settings_and_refuses_others(tmp_path):
    new = plan_run("beta-vae", {"beta": 7.0, "log_every": 5, "device": "cpu"}, tmp_path)
    settings = {**new.settings.model_dump(), "command": "deval train beta-vae"}
    RunFolder(tmp_path).write_run(
        {"model": "beta-vae", "config": new.cfg.model_dump(mode="json"), "settings": settings}
    )
    again = plan_run("beta-vae", {"iterations": 9, "device": "auto"}, tmp_path, resume=True)
    assert again.settings == new.settings
    assert again.cfg == new.cfg.model_copy(update={"iterations": 9})
    with pytest.raises(UsageError, match=r"log_every is 5 in the run, received 6; beta is 7\.0 in the run, received 1"):
        plan_run("beta-vae", {"beta": 1.0, "log_every": 6}, tmp_path, resume=True)
    with pytest.raises(UsageError, match="another model: received factorvae, expected beta-vae"):
        plan_run("factorvae", {}, tmp_path, resume=True)


def test_the_next_free_folder_is_the_first_that_does_not_exist(tmp_path):
    wanted = tmp_path / "runs" / "x-seed0"
    assert next_free_folder(wanted) == wanted
    for name in ("x-seed0", "x-seed0-2"):
        (tmp_path / "runs" / name).mkdir(parents=True)
    assert next_free_folder(wanted).name == "x-seed0-3"
