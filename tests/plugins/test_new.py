"""A new plugin passes its own tests as it is written."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from disentangle_eval.cli.main import main
from disentangle_eval.cli.new_templates import files_of


def deval(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(map(str, arguments)))
    return int(ended.value.code or 0)


def new_plugin(folder: Path, kind: str) -> Path:
    """The folder of a new plugin, with the metadata that pip would write next to it."""
    assert deval("new", f"my-{kind}", "--kind", kind, "--out", folder) == 0
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    metadata = folder / f"deval_my_{kind}-0.1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 0.1.0\n")
    entries = "".join(f"{name} = {target}\n" for name, target in project["entry-points"]["deval"].items())
    (metadata / "entry_points.txt").write_text(f"[deval]\n{entries}")
    return folder


def test_plugins_of_every_kind_pass_their_tests_untouched(tmp_path: Path) -> None:
    folders = [new_plugin(tmp_path / kind, kind) for kind in ("model", "metric", "dataset")]
    path = os.pathsep.join([*map(str, folders), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *(folder / "tests" for folder in folders)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path, "DEVAL_STRICT_PLUGINS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_names_that_are_taken_or_no_names_and_folders_that_exist_are_refused(tmp_path: Path, capsys) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    for arguments in (["vae"], ["My_VAE"], ["deval-mine"], ["mine", "--out", tmp_path / "full"]):
        assert deval("new", *arguments) == 2
        assert capsys.readouterr().err.count("\n") == 1


def test_a_class_never_has_the_name_of_what_its_file_imports() -> None:
    assert "class RoundOwn(Model):" in files_of("model", "round")["deval_round/model.py"]
    assert "class Scores(" not in files_of("metric", "scores")["deval_scores/metric.py"]
    assert "class MyVae(Model):" in files_of("model", "my-vae")["deval_my_vae/model.py"]
