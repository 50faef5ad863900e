"""Trials of a study in a process of their own: trained or resumed, then scored. Several differ in their seed alone.

python -m disentangle_eval.study.trial PARENT THREADS DEVICE DATA_DIR FOLDER...
"""

from __future__ import annotations

import functools
import itertools
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from disentangle_eval.errors import DevalError, UsageError, describe
from disentangle_eval.runtime.signals import end_with_parent
from disentangle_eval.study.design import Trial
from disentangle_eval.study.running import missing_scores, read_trial, record_failure
from disentangle_eval.study.runs import read_run
from disentangle_eval.training.folder import RunFolder

if TYPE_CHECKING:
    from disentangle_eval.opening.models import OpenedModel
    from disentangle_eval.opening.subjects import OpenedSubject
    from disentangle_eval.training.planning import Plan

SIGNALLED = 128
POLL_SECONDS = 1.0
# How long a trial waits for the process of a killed driver that still saves in its folder.
LOCK_SECONDS = 120.0


def main(arguments: list[str]) -> int:
    """Run the trials in some folders; exit code 0 where all was done, 1 where one failed, 128 + n after signal n."""
    parent, threads, device, data_dir, *folders = arguments
    end_with_parent(int(parent))
    trials = {Path(folder): read_trial(Path(folder)) for folder in folders}
    return run_trials(trials, int(threads), device, Path(data_dir) if data_dir else None)


def run_trials(trials: Mapping[Path, Trial], threads: int, device: str, data_dir: Path | None) -> int:
    """Train and score trials by their folders; see `main` for the exit code."""
    try:
        stopped_by, failures = train_trials(trials, threads, device, data_dir)
    except DevalError as error:
        stopped_by, failures = None, dict.fromkeys(trials, str(error))
    except Exception as error:  # a plugin may raise anything; the study goes on with the other trials
        traceback.print_exc()
        stopped_by, failures = None, dict.fromkeys(trials, describe(error))
    if stopped_by is not None:
        return SIGNALLED + stopped_by
    for folder, trial in trials.items():
        if folder not in failures and (unscored := score_trial(trial, folder, device, data_dir)):
            failures[folder] = "; ".join(unscored)
    for folder, cause in failures.items():
        record_failure(folder, cause)
    return int(bool(failures))


def train_trials(
    trials: Mapping[Path, Trial], threads: int, device: str, data_dir: Path | None
) -> tuple[int | None, dict[Path, str]]:
    """Start or resume the training of those trials that are not trained to their end.

    Returns the signal that stopped them, if one did, and the error of each that failed, by its folder.
    """
    from disentangle_eval.running.opened import opened_runs
    from disentangle_eval.running.trained import train_runs

    left = {folder: trial for folder, trial in trials.items() if not is_trained(trial, folder)}
    if not left:
        return None, {}
    plans = {folder: plan_trial(trial, folder, threads, device) for folder, trial in left.items()}
    with opened_runs(list(plans.values()), data_dir, command="deval study run") as runs:
        ended = train_runs(runs, progress=False)
    failures = {folder: ended.failures.get(trial.seed) for folder, trial in left.items()}
    return ended.signal, {folder: str(failure) for folder, failure in failures.items() if failure is not None}


def is_trained(trial: Trial, folder: Path) -> bool:
    """Whether the newest checkpoint of a trial is that of its last iteration."""
    from disentangle_eval.checkpoint import load

    run = RunFolder(folder)
    return run.run_file.is_file() and load(run.checkpoint, train=False).iteration >= trial.config["iterations"]


def plan_trial(trial: Trial, folder: Path, threads: int, device: str) -> Plan:
    """The plan of a trial's run, once no other process trains in its folder.

    A run that goes on keeps its threads, and its device unless another one is named, which is refused.
    """
    from disentangle_eval.training.planning import plan_run

    wait_for_lock(RunFolder(folder))
    resume = RunFolder(folder).run_file.is_file()
    given = {
        **trial.config,
        **trial.run,
        "dataset": trial.dataset,
        "seed": trial.seed,
        **({} if resume and device == "auto" else {"device": device}),
        **({} if resume else {"threads": threads}),
        **({} if trial.preset is None else {"preset": trial.preset}),
    }
    return plan_run(trial.model, given, folder, resume=resume)


def score_trial(trial: Trial, folder: Path, device: str, data_dir: Path | None) -> list[str]:
    """Add every score that a trial lacks to its results; what failed, one line per metric."""
    run = read_run(folder)
    failures = []
    for iteration, group in itertools.groupby(missing_scores(trial, run), key=lambda missing: missing[1]):
        last = iteration == run.iterations
        path = RunFolder(folder).checkpoint if last else RunFolder(folder).snapshot(iteration)
        subjects: dict[str, OpenedSubject] = {}
        opened = functools.cache(functools.partial(open_scored, trial, path, device, data_dir))
        for metric, _ in group:
            try:
                score_one(trial, opened, RunFolder(folder).results, metric, subjects, data_dir)
            except DevalError as error:
                failures.append(f"{metric}: {error}")
            except Exception as error:  # a plugin's metric may raise anything; the others are scored all the same
                traceback.print_exc()
                failures.append(f"{metric}: {describe(error)}")
    return failures


def open_scored(trial: Trial, path: Path, device: str, data_dir: Path | None) -> OpenedModel:
    """The model of a trial's checkpoint, with the batch statistics that the study scores."""
    from disentangle_eval.calibration import calibrated
    from disentangle_eval.opening.models import open_model

    opened = open_model(path, device)
    if trial.batch_statistics == "running":
        return opened
    model, origin = calibrated(opened.model, opened.origin, data_dir)
    return replace(opened, model=model, origin=origin)


def score_one(
    trial: Trial,
    opened: Callable[[], OpenedModel],
    results: Path,
    metric: str,
    subjects: dict[str, OpenedSubject],
    data_dir: Path | None,
) -> None:
    """Score a checkpoint, which `opened` returns, with one metric and add the result to a file of results.

    `subjects` are those of earlier metrics by data set, so that no image is encoded twice.
    """
    from disentangle_eval.opening.datasets import open_dataset_for
    from disentangle_eval.opening.subjects import add_validation, open_subject
    from disentangle_eval.results import append
    from disentangle_eval.scoring.data_sets import scored_on, validated_on
    from disentangle_eval.scoring.measurements import plan_of
    from disentangle_eval.scoring.measuring import measure
    from disentangle_eval.scoring.needs import can_serve

    measurement = plan_of(metric, trial.batch_statistics)
    on = scored_on(measurement, trial.dataset)
    if on not in subjects:
        data = open_dataset_for(opened().origin, on, data_dir).to(opened().device)
        subjects[on] = open_subject(opened().model, data, opened().origin)
    subject = subjects[on]
    if held_back := validated_on(measurement, trial.dataset):
        add_validation(subject, opened().model, opened().origin, held_back, data_dir)
    if all(can_serve([(measurement, subject.subject, subject.name)])):
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
