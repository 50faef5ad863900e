"""`deval doctor`: what works, what is missing and how to get it; `deval completion`: names for a shell."""

import json
import os
from importlib.metadata import PackageNotFoundError

import pytest
from click.shell_completion import BashComplete

from disentangle_eval.cli import doctor
from disentangle_eval.cli.main import COMPLETION, cli


def findings(deval, *arguments):
    found = {}
    for line in json.loads(deval("doctor", "--json", *arguments).out):
        found.setdefault(line["what"], []).append(line)
    return found


def test_versions_device_threads_data_and_cache_are_reported(deval, tmp_path, monkeypatch):
    monkeypatch.setenv("DEVAL_CACHE", str(tmp_path / "cache"))
    found = findings(deval, "--data-dir", tmp_path)
    for what in ("python", "torch", "numpy", "device", "threads", "cache folder", "plugins"):
        assert found[what][0]["state"] == "ok", what
    assert found["data folder"][0]["found"] == str(tmp_path)
    ready, missing = found["data sets"]
    assert "dsprites" in ready["found"]
    assert missing["advice"] == "deval data fetch NAME"


def test_a_data_folder_that_is_none_is_a_problem(deval, tmp_path):
    answer = deval("doctor", "--data-dir", tmp_path / "absent")
    assert answer.code == 1
    assert "mkdir -p" in answer.out


def test_a_folder_with_the_name_of_a_package_is_not_that_package(deval, tmp_path, monkeypatch):
    (tmp_path / "datasets").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(doctor, "version", not_installed)
    assert findings(deval)["datasets"][0]["state"] == "missing"


def not_installed(name):
    raise PackageNotFoundError(name)


def test_broken_plugins_are_problems(install, deval):
    install("deval-raises")
    found = findings(deval)
    assert found["plugin raises"][0]["state"] == "problem"
    assert "RuntimeError" in found["plugin raises"][0]["found"]


def completed(words, begun):
    complete = BashComplete(cli, {}, "deval", COMPLETION)
    return [item.value for item in complete.get_completions(words, begun)]


@pytest.mark.parametrize(
    ("words", "begun", "expected"),
    [
        ([], "doc", ["doctor"]),
        (["train"], "factor", ["factorvae"]),
        (["train", "vae", "--preset"], "loc", ["locatello"]),
        (["train", "vae", "--dataset"], "cars", ["cars3d"]),
        (["score", "--metric"], "mig,sap", ["mig,sap"]),
        (["score", "--dataset"], "shapes", ["shapes3d"]),
        (["datasets"], "sprites", ["sprites3d"]),
        (["check"], "factorv", ["factorvae"]),
        (["data", "pack"], "sprites", ["sprites3d"]),
        (["score", "--samples"], "shapes", ["shapes3d"]),
        (["train", "vae", "--follow"], "mcc", ["mcc"]),
        (["score", "x.pt", "--metric", "factorvae", "--protocol"], "ib", ["ib-gan"]),
        (["score", "--metric", "mig,factorvae", "--protocol"], "dlib,kim", ["dlib,kim-mnih"]),
    ],
)
def test_shells_complete_names(words, begun, expected):
    assert completed(words, begun) == expected


@pytest.mark.parametrize(
    "words", [["score"], ["encode"], ["traverse"], ["compare"], ["train", "--resume"], ["train", "vae", "--out"]]
)
def test_shells_complete_files_and_run_folders(words):
    complete = BashComplete(cli, {}, "deval", COMPLETION)
    assert [item.type for item in complete.get_completions(words, "runs/v")] == ["file"]


def test_the_script_asks_deval_itself(deval):
    for shell in ("bash", "zsh", "fish"):
        assert COMPLETION in deval("completion", shell).out
    assert COMPLETION not in os.environ
