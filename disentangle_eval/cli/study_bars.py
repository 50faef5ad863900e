"""Bars of a study while it runs: one for the whole study, and one per trial that trains."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from disentangle_eval.errors import one_line
from disentangle_eval.study.design import Study
from disentangle_eval.study.running import StudyFolder, state_of_trial

POLL_SECONDS = 1.0


class StudyBars:
    """The bars of a study on a terminal, which follow what the folders of its trials say."""

    def __init__(self, study: Study, folder: StudyFolder, progress: Progress) -> None:
        self._progress = progress
        self._trials = folder.trials
        self._number = len(study.trials)
        self._whole = progress.add_task(study.name, total=self._number)
        self._left = {trial.folder: trial for trial in study.trials}
        self._bars = {
            trial.folder: progress.add_task(trial.title, start=False, total=trial.config["iterations"], visible=False)
            for trial in study.trials
        }

    def update(self) -> None:
        """Show how far the trials are now; those that are done are not looked at again."""
        states = [state_of_trial(trial, self._trials / name) for name, trial in self._left.items()]
        for state in states:
            bar = self._bars[state.trial.folder]
            training = state.run is not None and state.run.state == "training"
            if training:
                self._progress.start_task(bar)
            self._progress.update(bar, completed=state.run.iteration if state.run else 0, visible=training)
            if state.state == "done":
                del self._left[state.trial.folder]
        failed = sum(state.state == "failed" for state in states)
        self._progress.update(self._whole, completed=self._number - len(self._left) + failed)

    def warn(self, message: str) -> None:
        """Print a warning above the bars."""
        self._progress.console.print(Text(f"warning: {one_line(message)}"))


@contextmanager
def study_bars(study: Study, folder: StudyFolder) -> Iterator[StudyBars]:
    """Bars on standard error that are updated every second, and once more at the end."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    ended = threading.Event()
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bars = StudyBars(study, folder, progress)

        def poll() -> None:
            while not ended.wait(POLL_SECONDS):
                bars.update()

        thread = threading.Thread(target=poll, daemon=True)
        thread.start()
        try:
            yield bars
        finally:
            ended.set()
            thread.join()
            bars.update()
