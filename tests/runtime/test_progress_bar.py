"""Progress: counted where it happens, shown on a terminal alone, and long computations name a cheaper way."""

import io
import json
import logging
import sys

import numpy as np
import pytest

import disentangle_eval as de
from disentangle_eval.cli.main import main
from disentangle_eval.runtime import progress
from disentangle_eval.runtime.progress import cheaper_way, counted, listening
from disentangle_eval.runtime.progress_bar import Bars, shown_progress
from disentangle_eval.testing.known_subject import encoded


class Heard:
    """A listener that keeps what is reported to it."""

    def __init__(self):
        self.stages, self.counts, self.open, self.said = [], [], 0, []

    def begin(self, what, total):
        self.stages.append((what, total))
        self.open += 1
        return len(self.stages) - 1

    def advance(self, stage, done):
        self.counts.append((stage, done))

    def end(self, stage):
        self.open -= 1

    def say(self, text):
        self.said.append(text)


def test_items_pass_unchanged_and_are_counted_by_size():
    heard = Heard()
    with listening(heard):
        assert list(counted(["ab", "c", "def"], "letters", 6, len)) == ["ab", "c", "def"]
        assert list(counted(["one"], "a single item", 1)) == ["one"]
    assert (heard.stages, heard.counts, heard.open) == ([("letters", 6)], [(0, 2), (0, 3)], 0)
    assert list(counted("abc", "letters", 3)) == list("abc")


def test_an_encoding_is_counted_in_images():
    heard, subject = Heard(), encoded("informative", seed=0)
    subject._batch_size = 50
    with listening(heard):
        subject.codes(np.arange(120))
    assert heard.stages == [("images", 120)]
    assert heard.counts == [(0, 50), (0, 100)]


def test_what_takes_long_says_so_with_a_cheaper_way(monkeypatch, caplog):
    clock = iter(range(0, 10_000, 10))
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    heard = Heard()
    with listening(heard), cheaper_way("--protocol light takes less"):
        list(counted(range(100), "cycles", 100))
        list(counted(range(5), "few", 5))
    assert heard.said == ["cycles: about 16 minutes; --protocol light takes less"]
    with caplog.at_level(logging.INFO, "disentangle_eval"):
        list(counted(range(10), "rounds", 10, rounds=50))
    assert caplog.messages == ["rounds: up to 83 minutes"]


def test_a_metric_names_its_protocols_that_take_less():
    from disentangle_eval.scoring import _how_to_take_less, plan

    assert _how_to_take_less(plan(["gilbo"], ["official"])[0]) == "--protocol light takes less"
    assert _how_to_take_less(plan(["gilbo"], ["light"])[0]) == ""


@pytest.mark.parametrize("terminal", [True, False])
def test_bars_are_on_a_terminal_alone_and_leave_nothing(monkeypatch, terminal):
    screen = io.StringIO()
    monkeypatch.setattr(screen, "isatty", lambda: terminal)
    monkeypatch.setattr(sys, "stderr", screen)
    with shown_progress():
        list(counted(range(3), "things", 3))
    assert bool(screen.getvalue()) == terminal
    with shown_progress(asked=False):
        assert list(counted(range(3), "things", 3)) == [0, 1, 2]


def test_nested_stages_share_one_display(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    bars = Bars()
    outer, inner = bars.begin("outer", 3), bars.begin("inner", 2)
    bars.advance(inner, 1)
    bars.end(inner)
    assert bars._progress is not None
    bars.end(outer)
    assert bars._progress is None


def test_python_is_silent_unless_asked(capsys):
    codes = np.random.default_rng(0).normal(size=(60, 3))
    de.score(codes, factor_sizes=(3, 4, 5), metrics="dci", num_train=60, num_test=60, stages=3)
    assert capsys.readouterr() == ("", "")


def test_a_command_shows_bars_on_a_terminal_and_keeps_stdout_clean(tmp_path, monkeypatch, capsys):
    codes = np.random.default_rng(0).normal(size=(60, 3))
    np.savez(tmp_path / "codes.npz", codes=codes, factor_sizes=(3, 4, 5))
    screen = io.StringIO()
    monkeypatch.setattr(screen, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stderr", screen)
    with pytest.raises(SystemExit):
        main(["score", str(tmp_path / "codes.npz"), "--metric", "dci", "--set", "stages=3", "--json"])
    assert "dci, trees by factor" in screen.getvalue()
    assert json.loads(capsys.readouterr().out)["metric"] == "dci"
