"""One trial of a study, as a process of its own: trained or resumed, then scored.

python -m disentangle_eval.study.trial FOLDER THREADS DEVICE DATA_DIR
"""

from __future__ import annotations

import itertools
import os
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from disentangle_eval.errors import DevalError, UsageError, describe
from disentangle_eval.runtime.signals import end_with_parent
from disentangle_eval.study.design import Trial, metric_and_protocol
from disentangle_eval.study.running import missing_scores, read_trial, record_failure
from disentangle_eval.study.runs import RUN_FILE, read_run
from disentangle_eval.training.folder import RunFolder

if TYPE_CHECKING:
    from disentangle_eval.opening import OpenedSubject

SIGNALLED = 128
POLL_SECONDS = 1.0
# How long a trial waits for the process of a killed driver that still saves in its folder.
LOCK_SECONDS = 120.0


def main(arguments: list[str]) -> int:
    """Run the trial in a folder; exit code 0 where all was done, 1 where it failed, 128 + n after signal n."""
    folder, threads, device, data_dir = Path(arguments[0]), int(arguments[1]), arguments[2], arguments[3]
    end_with_parent(os.getppid())
    trial = read_trial(folder)
    data_folder = Path(data_dir) if data_dir else None
    try:
        stopped_by = train_trial(trial, folder, threads, device, data_folder)
        if stopped_by is not None:
            return SIGNALLED + stopped_by
        failures = score_trial(trial, folder, device, data_folder)
    except DevalError as error:
        failures = [str(error)]
    except Exception as error:  # a plugin may raise anything; the study goes on with the other trials
        traceback.print_exc()
        failures = [describe(error)]
    if failures:
        record_failure(folder, "; ".join(failures))
    return int(bool(failures))


def train_trial(trial: Trial, folder: Path, threads: int, device: str, data_dir: Path | None) -> int | None:
    """Start or resume the training of a trial; the signal that stopped it, if one did."""
    from disentangle_eval.running import opened_runs, train_runs
    from disentangle_eval.training.planning import plan_run

    wait_for_lock(RunFolder(folder))
    resume = (folder / RUN_FILE).is_file()
    given = {
        **trial.config,
        **trial.run,
        "dataset": trial.dataset,
        "seed": trial.seed,
        "device": device,
        "threads": threads,
        **({} if trial.preset is None else {"preset": trial.preset}),
    }
    plan = plan_run(trial.model, given, folder, resume=resume)
    with opened_runs([plan], data_dir, command="deval study run") as runs:
        return train_runs(runs, progress=False).signal


def score_trial(trial: Trial, folder: Path, device: str, data_dir: Path | None) -> list[str]:
    """Add every score that a trial lacks to its results; what failed, a line per metric."""
    run = read_run(folder)
    failures = []
    for iteration, group in itertools.groupby(missing_scores(trial, run), key=lambda missing: missing[1]):
        last = iteration == run.iterations
        path = RunFolder(folder).checkpoint if last else RunFolder(folder).snapshot(iteration)
        subjects: dict[str, OpenedSubject] = {}
        for metric, _ in group:
            try:
                score_one(trial, path, RunFolder(folder).results, metric, subjects, device, data_dir)
            except DevalError as error:
                failures.append(f"{metric}: {error}")
            except Exception as error:  # a plugin's metric may raise anything; the others are scored all the same
                traceback.print_exc()
                failures.append(f"{metric}: {describe(error)}")
    return failures


def score_one(
    trial: Trial,
    path: Path,
    results: Path,
    metric: str,
    subjects: dict[str, OpenedSubject],
    device: str,
    data_dir: Path | None,
) -> None:
    """Score a checkpoint with one metric and add the result to a file of results.

    `subjects` are those of earlier metrics by data set, so that no image is encoded twice.
    """
    from disentangle_eval.opening import add_validation, open_dataset_for, open_model, open_subject
    from disentangle_eval.results import append
    from disentangle_eval.scoring import can_serve, measure, plan, scored_on, validated_on

    name, protocols = metric_and_protocol(metric)
    for measurement in plan([name], protocols):
        on = scored_on(measurement, trial.dataset)
        if on not in subjects:
            opened = open_model(path, device)
            data = open_dataset_for(opened.origin, on, data_dir).to(opened.device)
            subjects[on] = open_subject(opened.model, data, opened.origin)
        subject = subjects[on]
        if held_back := validated_on(measurement, trial.dataset):
            opened = open_model(path, device)
            add_validation(subject, opened.model, opened.origin, held_back, data_dir)
        if can_serve(measurement, subject.subject, subject.name):
            append(results, measure(measurement, subject.subject, trial.score_seed, subject.about))


def wait_for_lock(folder: RunFolder) -> None:
    """Wait until no other process trains in a folder; `UsageError` where one still does after a while."""
    until = time.monotonic() + LOCK_SECONDS
    while folder.is_locked():
        if time.monotonic() > until:
            raise UsageError(f"another process still trains in {folder.root.name!r}", advice="wait for it to end")
        time.sleep(POLL_SECONDS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
