"""What a run shows of its progress: pace by its own clock, and a word on long runs and busy machines."""

import time
import warnings

import pytest

from disentangle_eval.errors import DevalWarning
from disentangle_eval.running.opened import name_busy_machine
from disentangle_eval.runtime.threads import available_cores
from disentangle_eval.training.pace import SPAN, Pace, duration
from disentangle_eval.training.progress import remarks, show_progress, slowdown


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_pace_is_known_from_the_second_iteration_and_forgets_the_distant_past():
    clock = Clock()
    pace = Pace(clock)
    pace.add(0)
    assert pace.per_second is None
    assert pace.seconds_left(100) is None
    clock.now = 2.0
    pace.add(1)
    assert pace.per_second == 0.5
    assert pace.seconds_left(101) == 200
    for second in range(3, 3 + 2 * int(SPAN)):
        clock.now = second
        pace.add(10 * second)
    assert pace.per_second == 10


def test_pauses_do_not_count():
    clock = Clock()
    pace = Pace(clock)
    pace.add(0)
    with pace.pause():
        clock.now += 60.0
    clock.now += 1.0
    pace.add(2)
    assert pace.per_second == 2.0
    assert pace.seconds_left(10) == 4.0


def test_iterations_in_quick_succession_are_counted_by_the_last():
    clock = Clock()
    pace = Pace(clock)
    kept = 0
    for iteration in range(1001):
        clock.now = iteration / 1000
        kept += pace.add(iteration)
    assert kept < 15
    assert abs(pace.per_second - 1000) < 100


def test_durations_in_words():
    assert [duration(seconds) for seconds in (4.2, 200, 7500, 273_600)] == [
        "4 s",
        "3 min 20 s",
        "2 h 05 min",
        "3 d 4 h",
    ]


def test_a_long_run_is_said_once(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock)
    monkeypatch.setattr("disentangle_eval.training.progress.Pace", lambda: Pace(clock))
    said = []
    remark = remarks(100_000, "--preset short is shorter", said.append)
    for iteration in range(60):
        clock.now = iteration
        remark(iteration)
    (long,) = said
    assert "1 d 3 h" in long
    assert "--preset short" in long


@pytest.mark.parametrize(("times", "heard"), [(1.0, 0), (4.5, 0), (6.0, 1)])
def test_iterations_that_take_five_times_their_first_length_are_said_once(monkeypatch, times, heard):
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock)
    said = []
    on_iteration = slowdown(2, said.append)
    for iteration in range(300):
        clock.now += 0.02 if iteration < 100 else 0.02 * times
        clock.now += 10.0 if iteration % 20 == 0 else 0.0  # a picture
        on_iteration(iteration)
    assert len(said) == heard
    if heard:
        assert said[0].startswith("iterations take 6 times as long as the first ones, 120 ms; --threads 1 is often")


def test_a_busy_machine_is_named_with_threads_1():
    with pytest.warns(DevalWarning, match=r"keeps 1\.2 of \d+ cores busy: .* --threads 1 is often faster"):
        name_busy_machine(1.2, available_cores() + 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        name_busy_machine(0.3, available_cores())
        name_busy_machine(0.4, 1)
    with pytest.warns(DevalWarning, match=r"cores busy: this takes longer than on a quiet machine"):
        name_busy_machine(float(available_cores()), 1)


def test_lines_hold_the_pace_and_the_time_left(capsys):
    with show_progress("model seed 0", 200, alone=False) as shown:
        shown.on_start(0)
        shown.on_log({"iteration": 100, "loss": 0.5}, 50.0)
        with shown.doing("drawing plots"):
            pass
    first, second, third = capsys.readouterr().err.splitlines()
    assert first == "model seed 0: from iteration 0 to 200"
    assert second == "model seed 0 100/200  50.0 iterations/s  2 s left  loss 0.5"
    assert third == "model seed 0: drawing plots"
