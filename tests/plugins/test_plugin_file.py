"""A plugin in one file that is not installed."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from disentangle_eval.api import ImageShape
from disentangle_eval.cli.main import main
from disentangle_eval.registry.lookup import load_registry
from disentangle_eval.registry.manager import load_plugins
from disentangle_eval.testing.candidate import Candidate
from disentangle_eval.testing.checks.registration import check_registration_imports_no_torch
from disentangle_eval.testing.failure import NotChecked

PLUGIN = """
from disentangle_eval import ModelSpec, hookimpl
from disentangle_eval.api import Group, Losses, Model, Optim, Player, Round
from disentangle_eval.config import ModelConfig
from disentangle_eval.latents import continuous
from torch import nn


class Config(ModelConfig):
    pass


class Regression(Model[Config]):
    def __init__(self, cfg, image):
        super().__init__(cfg, image)
        self.network = nn.Sequential(nn.Flatten(), nn.Linear(image.height * image.width, 2))
        self.code = continuous(2)

    def players(self):
        return [Player("network", (Group(self.network),), Optim(lr=0.01))]

    def rounds(self):
        return [Round(self.losses, ("network",))]

    def losses(self, step):
        return Losses(total={"network": (self.network(step.images()) - 1).square().mean()})

    def encode(self, x):
        return self.network(x)


@hookimpl
def register_models():
    yield ModelSpec(
        name="one-file", summary="in one file", target="plugin_in_a_file:Regression", config="plugin_in_a_file:Config"
    )
"""


def deval(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(map(str, arguments)))
    return int(ended.value.code or 0)


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DEVAL_PLUGINS", "")
    path = tmp_path / "plugin_in_a_file.py"
    path.write_text(PLUGIN)
    yield path
    load_registry.cache_clear()
    sys.modules.pop(path.stem, None)


def test_a_model_in_one_file_trains_and_its_checkpoint_names_the_file(file: Path, tmp_path: Path, capsys) -> None:
    np.savez(tmp_path / "images.npz", images=np.zeros((8, 4, 4), dtype=np.uint8), factor_sizes=(2, 2, 2))
    options = [
        "--dataset",
        f"npz:{tmp_path / 'images.npz'}",
        "--iterations",
        1,
        "--batch-size",
        4,
        "--out",
        tmp_path / "run",
    ]
    assert deval("train", "one-file", *options, "--plugins", file) == 0
    next_line = capsys.readouterr().err.splitlines()[-1]
    assert next_line.startswith("next: deval score ")
    assert next_line.endswith(f"checkpoint.pt --plugins {file}")
    load_registry.cache_clear()
    with pytest.MonkeyPatch.context() as without:
        without.setenv("DEVAL_PLUGINS", "")
        capsys.readouterr()
        assert deval("score", tmp_path / "run", "--metric", "mig") == 2
        assert "add --plugins plugin_in_a_file.py" in capsys.readouterr().err


def test_a_file_named_from_the_working_folder_is_loaded_once_however_often_plugins_are_listed(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(file.parent)
    monkeypatch.setenv("DEVAL_PLUGINS", file.name)
    for _ in range(2):
        (plugin,) = [one for one in load_plugins() if one.distribution == file.name]
        assert not plugin.problems


def test_what_a_model_prints_is_not_among_the_paths_a_command_prints(file: Path, tmp_path: Path, capsys) -> None:
    data, run, out = tmp_path / "images.npz", tmp_path / "run", tmp_path / "codes.npz"
    np.savez(data, images=np.zeros((8, 4, 4), dtype=np.uint8), factor_sizes=(2, 2, 2))
    file.write_text(PLUGIN.replace("(self, x):\n", "(self, x):\n        print('PRINTED')\n"))
    plugin = ("--plugins", file)
    train = ("train", "one-file", "--dataset", f"npz:{data}", "--iterations", 1, "--batch-size", 4, "--out", run)
    assert deval(*train, *plugin) == 0
    for arguments in (("encode", run, "--out", out), ("draw", "histograms", run, "--out", out.with_suffix(".png"))):
        capsys.readouterr()
        assert deval(*arguments, *plugin) == 0
        printed = capsys.readouterr()
        assert printed.out == f"{arguments[-1]}\n"
        assert "PRINTED" in printed.err
        assert "put back" not in printed.err


def test_what_is_no_python_file_is_refused(tmp_path: Path, capsys) -> None:
    assert deval("models", f"--plugins={tmp_path / 'missing.py'}") == 2
    assert "--plugins: received" in capsys.readouterr().err


def test_what_the_environment_names_and_is_no_python_file_says_so(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "mine.txt").touch()
    monkeypatch.setenv("DEVAL_PLUGINS", str(tmp_path / "mine.txt"))
    (problem,) = [one for plugin in load_plugins() for one in plugin.problems if plugin.entry_point == "mine"]
    assert "no Python file; DEVAL_PLUGINS names files such as mine.py" in problem.cause


def test_the_kit_does_not_judge_what_a_file_imports(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEVAL_PLUGINS", str(file))
    load_registry.cache_clear()
    found = load_registry().find_model("one-file")
    candidate = Candidate(registered=found, entry=str(file), image=ImageShape(1, 8, 8))
    with pytest.raises(NotChecked, match="a plugin in one file imports torch"):
        check_registration_imports_no_torch(candidate)
