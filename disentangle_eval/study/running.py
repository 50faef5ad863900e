"""Running a study: its folder, which trials are left, and how each ends."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from disentangle_eval.errors import DevalError, UsageError, describe
from disentangle_eval.results import agrees
from disentangle_eval.runtime.files import make_folder, write_atomically
from disentangle_eval.study.design import Study, Trial
from disentangle_eval.study.processes import STOPPED, Job
from disentangle_eval.study.runs import FAILURE_FILE, RunRecord, read_failure, read_run
from disentangle_eval.training.folder import RunFolder

STUDY_FILE = "study.json"
TRIAL_FILE = "trial.json"


def default_root(name: str) -> Path:
    """The folder of a study of this name, unless another one is given."""
    return Path("studies") / name


class Engine(Protocol):
    """Runs jobs somewhere and says how each ended."""

    def run(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, int]]: ...


@dataclass(frozen=True)
class StudyFolder:
    """`root` holds one study: study.json, and below `trials` a run folder per trial."""

    root: Path

    @property
    def file(self) -> Path:
        """The study as it was run, JSON."""
        return self.root / STUDY_FILE

    @property
    def trials(self) -> Path:
        return self.root / "trials"

    def write(self, study: Study) -> None:
        """Write study.json and the folder of every trial."""
        make_folder(self.trials)
        contents = {"name": study.name, "trials": [trial.folder for trial in study.trials]}
        write_json(self.file, contents)
        for trial in study.trials:
            folder = self.trials / trial.folder
            make_folder(folder)
            write_json(folder / TRIAL_FILE, asdict(trial))

    def read(self) -> list[Trial]:
        """The trials of the study in this folder; `UsageError` where there is none."""
        if not self.file.is_file():
            expected = "the folder of a study, which `deval study run` makes"
            raise UsageError("study", received=f"{str(self.root)!r}, which has no {STUDY_FILE}", expected=expected)
        return [read_trial(self.trials / name) for name in self.contents()[1]]

    def contents(self) -> tuple[str, list[str]]:
        """The name of the study and the folders of its trials, as study.json has them."""
        contents = read_json(self.file)
        names = contents.get("trials")
        if not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
            raise damaged(self.file, repr(names))
        return str(contents.get("name")), names


@dataclass(frozen=True)
class TrialState:
    """A trial, its run where it has begun, and what is left to do: `done`, `failed`, `waiting` or `begun`."""

    trial: Trial
    run: RunRecord | None
    state: str
    cause: str = ""


def refuse_not_run(file: Path, root: Path) -> None:
    """`UsageError` where the study of a file has no folder yet."""
    if not StudyFolder(root).file.is_file():
        raise UsageError(
            "study", received=f"{str(file)!r}, which has not run in {root}", advice=f"type: deval study run {file}"
        )


def read_trial(folder: Path) -> Trial:
    """The trial that a folder was made for; `DevalError` where trial.json does not describe one."""
    contents = read_json(folder / TRIAL_FILE)
    try:
        return Trial(**{**contents, "metrics": tuple(contents["metrics"])})
    except (KeyError, TypeError) as error:
        raise damaged(folder / TRIAL_FILE, describe(error)) from None


def state_of_trial(trial: Trial, folder: Path) -> TrialState:
    """How far a trial is: done where it is trained to its end and every score is there; failed where it is damaged."""
    if not RunFolder(folder).run_file.is_file():
        cause = read_failure(folder)
        return TrialState(trial, None, "failed" if cause else "waiting", cause)
    try:
        run = read_run(folder)
    except DevalError as error:
        return TrialState(trial, None, "failed", str(error))
    if run.failure:
        return TrialState(trial, run, "failed", run.failure)
    done = run.state == "finished" and not missing_scores(trial, run)
    return TrialState(trial, run, "done" if done else "begun")


def states_of(folder: StudyFolder) -> list[TrialState]:
    """How far every trial of a study is."""
    return [state_of_trial(trial, folder.trials / trial.folder) for trial in folder.read()]


def missing_scores(trial: Trial, run: RunRecord) -> list[tuple[str, int]]:
    """The scores that a trial still lacks, as (metric, iteration), in the order of the study file."""
    wanted = [(metric, iteration) for iteration in scored_iterations(trial, run) for metric in trial.metrics]
    return [(metric, iteration) for metric, iteration in wanted if not has_score(trial, run, metric, iteration)]


def scored_iterations(trial: Trial, run: RunRecord) -> list[int]:
    """The iterations whose snapshots are scored: the last one, or all that were kept."""
    if trial.snapshots == "last":
        return [run.iterations]
    return sorted(int(path.stem) for path in RunFolder(run.folder).snapshots.glob("*.pt"))


def has_score(trial: Trial, run: RunRecord, metric: str, iteration: int) -> bool:
    """Whether results.jsonl holds a score under these very settings and draws.

    Of a metric that no plugin provides, a score under its name and protocol counts, whatever the other settings.
    """
    from disentangle_eval.scoring.keys import protocol_label, result_keys
    from disentangle_eval.scoring.measurements import plan_of

    try:
        keys = result_keys(plan_of(metric), trial.score_seed, trial.batch_statistics)
        expected = {**keys, "iteration": iteration}
    except DevalError:
        name, _, protocol = metric.partition(":")
        expected = {"metric": name, "seed": trial.score_seed, "iteration": iteration}
        label = protocol_label(protocol, trial.batch_statistics)
        named = [result for result in run.results if not protocol or result["settings"].get("protocol") == label]
        return any(agrees(result, expected) for result in named)
    return any(agrees(result, expected) for result in run.results)


def run_study(
    study: Study,
    folder: StudyFolder,
    engine: Engine,
    *,
    threads: int = 1,
    device: str = "auto",
    data_dir: Path | None = None,
    seeds_per_process: int = 1,
    retry_failed: bool = False,
    on_end: Callable[[TrialState], None] | None = None,
) -> Counter[str]:
    """Run what is left of a study; how many trials ended in which state.

    Trials that are done are skipped, those cut off resume from their checkpoints, and one that fails is recorded with
    its cause in failure.json and stops nothing. Up to `seeds_per_process` trials that differ in their seed alone share
    a process. `on_end` is called with every trial as it ends.
    """
    folder.write(study)
    states = {
        folder.trials / trial.folder: state_of_trial(trial, folder.trials / trial.folder) for trial in study.trials
    }
    left = [path for path, state in states.items() if state.state != "done" and (retry_failed or not state.cause)]
    for path in left:
        (path / FAILURE_FILE).unlink(missing_ok=True)
    together = groups({path: states[path].trial for path in left}, seeds_per_process)
    for job, code in engine.run([Job(paths, threads, device, data_dir) for paths in together]):
        for path in job.folders:
            state = state_of_trial(states[path].trial, path)
            if code and code < STOPPED and state.state != "done" and not state.cause:
                record_failure(path, cause_of(code, job))
                state = state_of_trial(state.trial, path)
            states[path] = state
            if on_end:
                on_end(state)
    return Counter(state.state for state in states.values())


def groups(trials: Mapping[Path, Trial], size: int) -> list[tuple[Path, ...]]:
    """Folders of trials that differ in their seed alone, at most `size` together, in the order of the study."""
    alike: dict[str, list[Path]] = defaultdict(list)
    for path, trial in trials.items():
        alike[trial.setting].append(path)
    return [tuple(paths[start : start + size]) for paths in alike.values() for start in range(0, len(paths), size)]


def cause_of(code: int, job: Job) -> str:
    """Why a process failed that has recorded no cause itself, by its exit code."""
    if code < 0:
        return f"ended by signal {-code}, as the system does where memory runs out"
    return f"ended with exit code {code}; the reason is at the end of {job.output}"


def record_failure(folder: Path, cause: str) -> None:
    """Record why a trial failed."""
    write_json(folder / FAILURE_FILE, {"cause": cause})


def write_json(path: Path, contents: Mapping[str, Any]) -> None:
    text = json.dumps(contents, indent=2) + "\n"
    write_atomically(path, lambda file: file.write(text.encode()))


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file of a study; `DevalError` where there is none."""
    try:
        contents = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise damaged(path, str(error)) from None
    if not isinstance(contents, dict):
        raise damaged(path, type(contents).__name__)
    return contents


def damaged(path: Path, received: str) -> DevalError:
    """The error of a file of a study that does not hold what it should."""
    advice = "`deval study run` with the study's own file writes it anew"
    return DevalError(str(path), received=received, expected="what `deval study run` wrote there", advice=advice)
