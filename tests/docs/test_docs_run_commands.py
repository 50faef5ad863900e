"""A command that a page prints for a run in evidence/ trains with the settings that the run records."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from doc_pages import DOCS, PAGES, shell_lines

from disentangle_eval.cli import train, train_run
from disentangle_eval.cli.main import cli
from disentangle_eval.config import defaults

EVIDENCE = DOCS.parent / "evidence"
RUN_SETTINGS = ("dataset", "seed", "precision")


def folder_of(command: str) -> str:
    """The last part of the folder that a command names, nothing without one."""
    words = shlex.split(command)
    return Path(words[words.index("--out") + 1]).name if "--out" in words else ""


def recorded_runs() -> dict[str, dict[str, Any]]:
    """The run.json of single runs by the folder of their commands."""
    files = [path for part in ("runs", "precision") for path in sorted(EVIDENCE.glob(f"{part}/*/run.json"))]
    runs = [json.loads(path.read_text()) for path in files]
    return {folder_of(run["settings"]["command"]): run for run in runs}


RUNS = recorded_runs()
LINES = sorted(
    {
        line
        for page in PAGES
        if page.startswith("results/")
        for line in shell_lines(page)
        if line.startswith("deval train ") and folder_of(line) in RUNS
    }
)


@pytest.mark.skipif(not EVIDENCE.is_dir(), reason="a source distribution has no evidence/")
def test_there_are_such_commands():
    assert len(LINES) > 20


@pytest.mark.parametrize("line", LINES)
def test_a_printed_command_gives_the_settings_of_its_run(line, monkeypatch, tmp_path):
    planned = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(train, "refuse_missing_files", lambda dataset, folder: None)
    monkeypatch.setattr(train_run, "train_and_report", lambda plans, *rest: planned.extend(plans))
    words = shlex.split(line)[1:]
    with cli.make_context("deval", list(words), obj=words) as context:
        cli.invoke(context)
    (plan,) = planned
    run = RUNS[folder_of(line)]
    for name in RUN_SETTINGS:
        assert getattr(plan.settings, name) == run["settings"].get(name, "float32"), name
    # A setting that a run does not record did not exist then, and its default leaves training as it was.
    recorded = {**defaults(type(plan.cfg)), **run["config"]}
    for name, value in plan.cfg:
        # Learning rates that fall over all iterations, as recorded before None stood for these.
        wanted = None if name == "decay_iterations" and recorded[name] == plan.cfg.iterations else recorded[name]
        assert (list(value) if isinstance(value, tuple) else value) == (
            list(wanted) if isinstance(wanted, tuple) else wanted
        ), name
