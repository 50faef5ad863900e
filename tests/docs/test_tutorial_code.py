"""The code that the pages print runs, and does what they say."""

import contextlib
import io
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from doc_pages import blocks, shell_lines

GUIDE = "plugin-guide.md"

RUN_COMMANDS = """
import shlex, sys
from disentangle_eval.cli.main import main
for line in sys.stdin.read().splitlines():
    print("$", line, flush=True)
    try:
        main(shlex.split(line)[1:])
    except SystemExit as end:
        if end.code:
            raise
if len(sys.argv) > 1:
    import pytest
    sys.exit(pytest.main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def guide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The guide's plugin in a folder, with the metadata that pip would write next to it."""
    tmp_path = tmp_path_factory.mktemp("guide")
    for block in blocks(GUIDE, "(?:python|toml)"):
        file = tmp_path / block.splitlines()[0].removeprefix("# ")
        file.parent.mkdir(exist_ok=True)
        file.write_text(block)
    project = tomllib.loads((tmp_path / "pyproject.toml").read_text())["project"]
    name, version = project["name"], project["version"]
    metadata = tmp_path / f"{name.replace('-', '_')}-{version}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    entries = "".join(f"{entry} = {target}\n" for entry, target in project["entry-points"]["deval"].items())
    (metadata / "entry_points.txt").write_text(f"[deval]\n{entries}")
    return tmp_path


def run(folder: Path, *arguments: str, stdin: str = "") -> str:
    """What a fresh Python prints that finds the modules of a folder first."""
    path = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": path, "DEVAL_STRICT_PLUGINS": "1"}
    done = subprocess.run(
        [sys.executable, *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def told(guide: Path) -> str:
    """What the guide's commands and then some of its tests print, all in one process."""
    commands = [line for line in shell_lines(GUIDE) if line.startswith("deval ")]
    some = "config or players or encode_rows or kl"
    tests = ("-q", "-p", "no:cacheprovider", "-k", some, ".")
    return run(guide, "-c", RUN_COMMANDS, *tests, stdin="\n".join(commands))


def test_the_plugin_of_the_guide_trains_scores_draws_and_keeps_every_promise(guide, told):
    assert re.search(r"model small-factorvae, dataset squares, metric top-correlation +ok", told)
    assert "top-correlation (standard) of small-factorvae at iteration 20 on squares@drawn" in told
    assert "0 failed" in told
    assert (guide / "run" / "checkpoint.pt").is_file()


def test_the_tests_of_the_guide_pass(told):
    assert "4 passed" in told


def test_the_table_of_codes_of_the_tutorial_scores_1(tmp_path):
    (code,) = blocks("tutorial.md", "python")
    (tmp_path / "codes.py").write_text(code)
    run(tmp_path, "codes.py")
    told = run(tmp_path, "-c", RUN_COMMANDS, stdin="deval score --metric factorvae --codes codes.npz")
    assert "factorvae       │                                      1.0000" in told


def test_one_code_has_the_two_scores_that_the_page_on_the_metric_prints():
    (code,) = blocks("metrics/factorvae.md", "python")
    (expected,) = blocks("metrics/factorvae.md", "text")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, {})
    assert printed.getvalue() == expected
