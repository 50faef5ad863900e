"""The runs in a folder: what each trains, how far it is, and its newest scores."""

from __future__ import annotations

import json
import os
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from disentangle_eval.config import NONE, flat
from disentangle_eval.errors import UsageError, describe
from disentangle_eval.results import read_results
from disentangle_eval.runtime.files import with_home
from disentangle_eval.runtime.json_lines import read_lines
from disentangle_eval.training.folder import RunFolder

State = Literal["finished", "training", "stopped", "failed"]

FAILURE_FILE = "failure.json"

# More than the longest line of a log.
TAIL_BYTES = 1 << 17

# What run.json says of a run besides what `RunFolder.read_run` demands.
DESCRIBED: Mapping[str, type] = {"distribution": str, "version": int, "dataset": str, "seed": int}


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """A run as its folder describes it.

    `config` holds the model's settings by name, those within settings with a dot, `settings` those of the run;
    `iteration` is the last one logged. `results` are the lines of results.jsonl. `failure` is why training failed,
    where it did. `name` is what labels show in place of the model, where the user gave one.
    """

    folder: Path
    model: str
    distribution: str
    version: int
    dataset: str
    seed: int
    config: Mapping[str, Any]
    settings: Mapping[str, Any]
    iteration: int
    state: State
    results: Sequence[Mapping[str, Any]]
    failure: str = ""
    name: str = ""

    @property
    def iterations(self) -> int:
        """How many iterations the run is to have."""
        return int(self.config.get("iterations", 0))

    @cached_property
    def log(self) -> list[dict[str, Any]]:
        """The lines of log.jsonl, read on first use; none where there is no log."""
        return read_lines(RunFolder(self.folder).log).records


def find_runs(paths: Iterable[Path]) -> list[RunRecord]:
    """Every run in or below some folders, by path; `UsageError` for a path without any."""
    found: dict[Path, RunRecord] = {}
    for path in paths:
        folders = run_folders(path)
        if not folders:
            expected = "a run folder of `deval train`, or a folder with such folders in it"
            lack = "holds no run" if path.exists() else "does not exist"
            of_study = path.is_file() and path.suffix == ".toml"
            advice = "the runs of a study are in its folder, by default studies/NAME" if of_study else ""
            raise UsageError("runs", received=f"{str(path)!r}, which {lack}", expected=expected, advice=advice)
        for folder in folders:
            found.setdefault(folder.resolve(), read_run(folder))
    return list(found.values())


def find_named_runs(places: Iterable[str]) -> list[RunRecord]:
    """As `find_runs`, of FOLDER or NAME=FOLDER, whose runs have that name."""
    return runs_named(named_place(place) for place in places)


def named_place(place: str) -> tuple[str, Path]:
    """FOLDER or NAME=FOLDER as name and folder, the former with an empty name."""
    name, separator, folder = place.partition("=")
    named = bool(separator) and not Path(place).exists()
    return (name, with_home(folder)) if named else ("", with_home(place))


def runs_named(places: Iterable[tuple[str, Path]]) -> list[RunRecord]:
    """As `find_runs`, of folders whose runs have the name next to the folder."""
    found: dict[Path, RunRecord] = {}
    for name, folder in places:
        for run in find_runs([folder]):
            named = found.setdefault(run.folder.resolve(), replace(run, name=name))
            if name and named.name and name != named.name:
                raise UsageError(
                    "runs",
                    received=f"{str(folder)!r} as {named.name!r} and as {name!r}",
                    expected="one name per run",
                    advice="check the folders; a run given twice counts once",
                )
    return list(found.values())


def run_folders(path: Path) -> list[Path]:
    """The run folders in or below a folder, sorted; a run's own folder has none below it."""
    run_file = RunFolder(path).run_file
    if run_file.is_file():
        return [path]
    folders: list[Path] = []
    for root, names, files in os.walk(path):
        if run_file.name in files:
            folders.append(Path(root))
            names.clear()
        names.sort()
    return sorted(folders)


def read_run(folder: Path) -> RunRecord:
    """What a run folder says of its run; `DevalError` where run.json is no description of one."""
    run = RunFolder(folder)
    described = run.read_run()
    for key, kind in DESCRIBED.items():
        if not isinstance(described.get(key), kind):
            raise run.damaged(f"{key!r} is missing or not what it should be")
    iteration = last_iteration(run.log)
    failure = read_failure(folder)
    results = read_results(run.results)
    try:
        return RunRecord(
            folder=folder,
            model=described["model"],
            distribution=described["distribution"],
            version=described["version"],
            dataset=described["dataset"],
            seed=described["seed"],
            config=flat(described["config"]),
            settings=described["settings"],
            iteration=iteration,
            state=state_of(run, iteration, int(described["config"]["iterations"]), failure),
            results=results,
            failure=failure,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise run.damaged(describe(error)) from None


def state_of(run: RunFolder, iteration: int, iterations: int, failure: str) -> State:
    """What a run is doing, by its folder: a process that trains in it holds its lock."""
    if iteration >= iterations:
        return "finished"
    if run.is_locked():
        return "training"
    return "failed" if failure else "stopped"


def read_failure(folder: Path) -> str:
    """Why the last training in a folder failed, empty where it did not."""
    try:
        return str(json.loads((folder / FAILURE_FILE).read_text(encoding="utf-8"))["cause"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def last_iteration(log: Path) -> int:
    """The iteration of the last whole line of a log, 0 where there is none; reads the end of the file alone."""
    if not log.is_file():  # a pipe could block
        return 0
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - TAIL_BYTES))
            lines = file.read().splitlines()
    except OSError:
        return 0
    for line in reversed(lines):
        try:
            return int(json.loads(line)["iteration"])
        except (ValueError, KeyError, TypeError):
            continue
    return 0


def newest_results(run: RunRecord) -> list[Mapping[str, Any]]:
    """A run's results at the last iteration that has a score of their metric and protocol, of equal ones the newest."""
    last: dict[str, int] = {}
    for result in run.results:
        last[name_of(result)] = max(iteration_of(result), last.get(name_of(result), 0))
    newest = {}
    for result in run.results:
        if iteration_of(result) == last[name_of(result)]:
            newest[identity_of(result)] = result
    return list(newest.values())


def iteration_of(result: Mapping[str, Any]) -> int:
    """The iteration that was scored, 0 where the result has none."""
    return result.get("iteration") or 0


def name_of(result: Mapping[str, Any]) -> str:
    """A score's metric and protocol as one types them, METRIC:PROTOCOL."""
    return ":".join(filter(None, (result["metric"], str(result["settings"].get("protocol", "")))))


def identity_of(result: Mapping[str, Any]) -> str:
    """What two results of a run must have in common to be the same score of one iteration, the same draw included."""
    names = ("metric", "metric_version", "settings", "dataset_sha256", "seed", "iteration")
    return json.dumps({name: result.get(name) for name in names}, sort_keys=True)


def defining_settings(run: RunRecord) -> dict[str, Any]:
    """What defines a run's weights but its model, data and seed."""
    return {**run.config, "precision": run.settings.get("precision", "float32")}


def differing_settings(configs: Sequence[Mapping[str, Any]]) -> list[str]:
    """The names of the settings in which some configs differ, in the order of the first; iterations come last."""
    names = list(dict.fromkeys(name for config in configs for name in config))
    differing = [name for name in names if len({json.dumps(config.get(name)) for config in configs}) > 1]
    return sorted(differing, key=lambda name: name == "iterations")


def labels_of_runs(runs: Sequence[RunRecord]) -> list[str]:
    """A label per run: its name or model, and the settings in which runs of that name differ.

    Where runs of several models have the same name, the model is named, too, with its distribution and version where
    several of these models have its own name.
    """
    models: dict[str, set[tuple[str, str, int]]] = defaultdict(set)
    configs: dict[tuple[str, tuple[str, str, int]], list[dict[str, Any]]] = defaultdict(list)
    for run in runs:
        models[called(run)].add(model_of(run))
        configs[called(run), model_of(run)].append(defining_settings(run))
    differing = {alike: differing_settings(several) for alike, several in configs.items()}
    several_datasets = len({run.dataset for run in runs}) > 1
    labels = []
    for run in runs:
        own = defining_settings(run)
        parts = [f"{name}={text_of(own.get(name))}" for name in differing[called(run), model_of(run)]]
        parts += [f"on {run.dataset}"] if several_datasets else []
        labels.append(" ".join([name_among(run, models[called(run)]), *parts]))
    return labels


def ascending(runs: Sequence[RunRecord], labels: Sequence[str]) -> list[str]:
    """The labels of runs, each once: names and models in the order of the runs, the settings of each as numbers."""
    names = {label: called(run) for run, label in zip(runs, labels, strict=True)}
    order = list(dict.fromkeys(names.values()))
    return sorted(names, key=lambda label: (order.index(names[label]), with_numbers(label)))


def with_numbers(label: str) -> list[tuple[float, str]]:
    """The key that sorts labels with their numbers as numbers: every number, and the text behind it."""
    first, *rest = re.split(r"(\d+(?:\.\d+)?(?:e[+-]?\d+)?)", label)
    return [(-1.0, first), *((float(number), text) for number, text in zip(rest[::2], rest[1::2], strict=True))]


def name_among(run: RunRecord, models: Collection[tuple[str, str, int]]) -> str:
    """What a run is called, and as much of its model as is needed to distinguish the `models` of runs of that name."""
    if len(models) == 1:
        return called(run)
    alike = [model for model in models if model[0] == run.model]
    model = run.model if len(alike) == 1 else f"{run.model} of {run.distribution} (version {run.version})"
    return f"{run.name} {model}" if run.name else model


def called(run: RunRecord) -> str:
    """The name that a run was given, or its model's."""
    return run.name or run.model


def model_of(run: RunRecord) -> tuple[str, str, int]:
    """What identifies the model of a run: its name, distribution and version."""
    return run.model, run.distribution, run.version


def text_of(value: Any) -> str:
    """A setting's value as a label shows it."""
    if value is None:
        return NONE
    if isinstance(value, float):
        return f"{value:g}"
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
