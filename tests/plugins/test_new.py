"""A new plugin passes its own tests as it is written."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from disentangle_eval.cli.main import main


def deval(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(map(str, arguments)))
    return int(ended.value.code or 0)


@pytest.mark.parametrize("kind", ["model", "metric", "dataset"])
def test_it_passes_its_tests_untouched(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "plugin"
    assert deval("new", "my-thing", "--kind", kind, "--out", folder) == 0
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    metadata = folder / "deval_my_thing-0.1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 0.1.0\n")
    entries = "".join(f"{name} = {target}\n" for name, target in project["entry-points"]["deval"].items())
    (metadata / "entry_points.txt").write_text(f"[deval]\n{entries}")
    path = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "tests"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, "DEVAL_STRICT_PLUGINS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_names_that_are_taken_or_no_names_and_folders_that_exist_are_refused(tmp_path: Path, capsys) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    for arguments in (["vae"], ["My_VAE"], ["mine", "--out", tmp_path / "full"]):
        assert deval("new", *arguments) == 2
        assert capsys.readouterr().err.count("\n") == 1
