"""A model with settings within settings, `towers`: options, presets, run.json, resuming, studies and Python."""

import json
from pathlib import Path

import numpy as np
import pytest

import disentangle_eval as de
from disentangle_eval.errors import UsageError
from disentangle_eval.study.reading import study_of
from disentangle_eval.testing import check_model

DATA = "npz:squares.npz"


@pytest.fixture(autouse=True)
def folder(install, tmp_path, monkeypatch, unrendered_plots):
    install("deval-towers")
    monkeypatch.chdir(tmp_path)
    images = np.random.default_rng(0).random((24, 8, 8)) > 0.5
    np.savez("squares.npz", images=images, factor_sizes=(2, 3, 4))


def test_help_lists_them_in_a_section_of_their_own_with_the_values_of_the_preset(deval):
    help_ = deval("train", "towers", "--preset", "wide", "--help").out
    section = help_.partition("Options of towers, encoder:")[2].partition("Options of towers, decoder:")[0]
    assert "--encoder-hidden INTEGER,..." in section
    assert "[default: 64,64]" in section


def test_a_run_records_them_and_resumes_with_these_alone(deval):
    options = ("--dataset", DATA, "--batch-size", "8", "--iterations", "2", "--out", "run")
    assert deval("train", "towers", "--encoder-hidden", "5,4", *options).code == 0
    written = json.loads(Path("run/run.json").read_text())["config"]
    assert (written["encoder"], written["decoder"]["hidden"]) == ({"hidden": [5, 4], "activation": "relu"}, [32])
    again = ("train", "--resume", "run", "--iterations", "3", "--encoder-hidden")
    assert "encoder.hidden is [5, 4] in the run, received [5]" in deval(*again, "5").error
    assert deval(*again, "5,4").code == 0
    run = de.load_run("run")
    assert run.log[-1]["iteration"] == 3
    assert run.model().cfg.encoder.hidden == (5, 4)


def test_python_takes_them_as_a_mapping_or_by_name_and_refuses_others():
    quiet = {"batch_size": 8, "iterations": 1, "progress": False, "device": "cpu"}
    run = de.train("towers", DATA, encoder={"hidden": (6,)}, out="one", **quiet)
    assert run.model().cfg.encoder.hidden == (6,)
    run = de.train("towers", DATA, out="two", **{"decoder.activation": "tanh"}, **quiet)
    assert run.model().cfg.decoder.activation == "tanh"
    with pytest.raises(UsageError, match=r"did you mean 'encoder.hidden'"):
        de.train("towers", DATA, encoder_hidden=(6,), **quiet)
    with pytest.raises(UsageError, match=r"encoder.hiden: unknown setting, expected one of: hidden"):
        de.train("towers", DATA, encoder={"hiden": (6,)}, **quiet)


@pytest.mark.parametrize("entry", [{"encoder.hidden": [[8], [8, 8]]}, {"encoder": {"hidden": [[8], [8, 8]]}}])
def test_a_study_varies_them(entry):
    study = study_of({"name": "s", "dataset": DATA, "models": [{"model": "towers", **entry}]})
    assert [trial.config["encoder"]["hidden"] for trial in study.trials] == [[8], [8, 8]]
    assert [trial.changes for trial in study.trials] == [{"encoder.hidden": [8]}, {"encoder.hidden": [8, 8]}]


def test_it_keeps_every_promise_of_a_plugin():
    outcomes = check_model("towers", image=(1, 8, 8))
    assert [f"{done.check}: {done.message}" for done in outcomes if done.status not in ("ok", "skipped")] == []


def test_help_of_a_model_that_has_a_setting_without_default_is_shown(deval, install):
    site = install()
    module = site / "deval_towers" / "config.py"
    required = '    width: int = Field(ge=1, description="units of the code")\n'
    module.write_text(module.read_text() + required)
    shown = deval("train", "towers", "--preset", "wide", "--help")
    assert shown.code == 0
    assert "[default: 64,64]" in shown.out
    assert "units of the code" in shown.out
    assert "width: " in deval("train", "towers", "--dataset", DATA, "--out", "run").error
    assert "preset: received 'wid'" in deval("train", "towers", "--preset", "wid", "--help").error
