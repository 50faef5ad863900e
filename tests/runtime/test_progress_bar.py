"""Progress: counted where it happens, bars on a terminal and lines elsewhere; what takes long names a cheaper way."""

import io
import json
import logging
import sys

import numpy as np
import pytest

import disentangle_eval as de
from disentangle_eval.cli.main import main
from disentangle_eval.runtime import progress
from disentangle_eval.runtime.progress import cheaper_way, counted, in_words, listening
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
    assert heard.stages == [("encoding images", 120)]
    assert heard.counts == [(0, 50), (0, 100)]


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, monkeypatch):
        self.now = 0.0
        monkeypatch.setattr(progress.time, "monotonic", lambda: self.now)

    def work(self, lengths, what, *arguments, **options):
        """Items that take so many seconds each, counted; yields after each."""
        for length in counted(lengths, what, *arguments, **options):
            self.now += length
            yield


def test_what_takes_long_says_so_once_after_its_first_items_with_a_cheaper_way(monkeypatch, caplog):
    clock, heard = Clock(monkeypatch), Heard()
    with listening(heard), cheaper_way("--protocol light takes less"):
        for _ in clock.work([4, *[1] * 1500], "cycles", 1501):
            assert bool(heard.said) == (clock.now > 5)
        list(clock.work([1] * 1500, "more cycles", 1500))
    with listening(heard), cheaper_way(""):
        list(clock.work([1] * 500, "few", 500))
    assert heard.said == ["cycles: about 25 minutes; --protocol light takes less"]
    with caplog.at_level(logging.INFO, "disentangle_eval"):
        list(clock.work([100] * 10, "rounds", 10, rounds=50))
    assert caplog.messages == ["rounds: up to about 14 hours"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(40, "40 seconds"), (110, "110 seconds"), (1_500, "25 minutes"), (12_000, "3 hours"), (3e5, "3 days")],
)
def test_durations_have_about_two_digits(seconds, words):
    assert in_words(seconds) == words


def test_a_metric_that_takes_long_says_so_before_it_starts(monkeypatch):
    from disentangle_eval.metrics.factors.mig import MIGMetric
    from disentangle_eval.scoring.measurements import plan
    from disentangle_eval.scoring.measuring import measure

    heard, scored = Heard(), MIGMetric.score
    monkeypatch.setattr(MIGMetric, "seconds", lambda self, subject, seed: 1_800.0)
    monkeypatch.setattr(MIGMetric, "score", lambda *given: (heard.counts.append(list(heard.said)), scored(*given))[1])
    with listening(heard):
        measure(plan(["mig"])[0], encoded("informative", seed=0), 0, {})
    assert heard.counts == [["mig (dlib): up to about 30 minutes"]]


def test_a_trial_that_fails_costs_no_score(monkeypatch):
    from disentangle_eval.metrics.factors.mig import MIGMetric

    monkeypatch.setattr(MIGMetric, "seconds", lambda self, subject, seed: 1 / 0)
    codes = np.random.default_rng(0).normal(size=(60, 3))
    assert de.score(codes, factor_sizes=(3, 4, 5), metrics="mig")["mig"].value >= 0


def test_a_metric_names_its_protocols_that_take_less():
    from disentangle_eval.scoring.cost import how_to_take_less
    from disentangle_eval.scoring.measurements import plan

    assert how_to_take_less(plan(["gilbo"], ["official"])[0]) == "--protocol light takes less"
    assert how_to_take_less(plan(["gilbo"], ["light"])[0]) == ""
    assert how_to_take_less(plan(["iwae"], ["kim-mnih"])[0]) == "--protocol sample takes less"
    assert how_to_take_less(plan(["iwae"], ["sample"])[0]) == ""


@pytest.mark.parametrize("terminal", [True, False])
def test_bars_are_on_a_terminal_alone_and_short_stages_show_nothing_elsewhere(monkeypatch, terminal):
    screen = io.StringIO()
    monkeypatch.setattr(screen, "isatty", lambda: terminal)
    monkeypatch.setattr(sys, "stderr", screen)
    with shown_progress():
        list(counted(range(3), "things", 3))
    assert bool(screen.getvalue()) == terminal
    with shown_progress(asked=False):
        assert list(counted(range(3), "things", 3)) == [0, 1, 2]


def test_off_a_terminal_a_stage_has_a_line_after_a_moment_and_every_half_minute(monkeypatch):
    clock, screen = Clock(monkeypatch), io.StringIO()
    monkeypatch.setattr(sys, "stderr", screen)
    with shown_progress():
        list(clock.work([1] * 80, "encoding images", 8_000, lambda item: 100))
    assert screen.getvalue().splitlines() == [
        "encoding images: 300 of 8,000 (4%), 77 seconds left",
        "encoding images: 3,300 of 8,000 (41%), 47 seconds left",
        "encoding images: 6,300 of 8,000 (79%), 17 seconds left",
    ]


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
