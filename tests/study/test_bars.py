"""What `deval study run` shows on a terminal while trials run."""

import io

from run_folders import write_run
from tiny_studies import study

from disentangle_eval.cli.study_run import showing
from disentangle_eval.study.running import StudyFolder


class Terminal(io.StringIO):
    def isatty(self):
        return True


def shown_for(tiny, folder, monkeypatch, stream):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stderr", stream)
    with showing(tiny, folder) as warn:
        warn("[red]a trial[/red]: failed")
    return stream.getvalue()


def test_a_bar_counts_trials_that_are_done_and_warnings_are_text(grid, tmp_path, monkeypatch):
    tiny, folder = study(grid, metrics=[], seeds="0-1"), StudyFolder(tmp_path)
    write_run(folder.trials / tiny.trials[0].folder, seed=0, beta=1)
    folder.write(tiny)
    text = shown_for(tiny, folder, monkeypatch, Terminal())
    assert "1/2" in text
    assert "[red]a trial[/red]: failed" in text


def test_elsewhere_there_are_warnings_alone(grid, tmp_path, monkeypatch):
    text = shown_for(study(grid), StudyFolder(tmp_path), monkeypatch, io.StringIO())
    assert text.splitlines() == ["warning: [red]a trial[/red]: failed"]
