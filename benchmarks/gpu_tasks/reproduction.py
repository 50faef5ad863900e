"""The studies of published scores, cut at the end of a slice and continued in the next."""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from shutil import copy2
from typing import Any

from disentangle_eval.errors import DevalError
from disentangle_eval.opening.datasets import open_dataset
from disentangle_eval.study.reading import read_study
from disentangle_eval.study.runs import find_runs
from gpu_tasks.cases import Bench
from gpu_tasks.slices import Line, Slice, Task, Unfinished

STUDIES = Path(__file__).parents[1] / "studies"

# In the order of their worth; each is benchmarks/studies/NAME.toml.
NAMES = (
    "ibgan-table1",
    "infogan-mnist-noise",
    "infogan-mnist",
    "binfogan-mnist",
    "infoae-mnist",
    "factorvae-fig4",
    "infogan-dsprites",
    "infowgan-gp-dsprites",
    "ibgan-table2",
)

# A study is worth continuing for so many seconds, is stopped so long before the end, and then has so long to save.
WORTH, STOP, SAVING = 90.0, 45.0, 40.0
# One picture takes at most so many seconds.
PICTURE = 60.0

# Networks so small that they only show that everything runs.
TINY: dict[str, dict[str, Any]] = {
    "ibgan": {"generator_width": 2, "discriminator_width": 2},
    "infogan": {"width": 2},
    "binfogan": {"width": 2},
    "infoae": {"width": 2},
    "vae": {"hidden": 8},
    "beta-vae": {"hidden": 8},
    "factorvae": {"hidden": 8, "discriminator_width": 8},
}

FILES, BYTES = 8, 15 * 2**20


def tasks(bench: Bench, slice_: Slice) -> Iterator[Task]:
    for name in NAMES:
        yield Task(f"study/{name}", WORTH, functools.partial(reproduce, bench, name, slice_))


def reproduce(bench: Bench, name: str, slice_: Slice) -> Iterator[Line]:
    """Run a study, then draw its first trial; one line per score. `Unfinished` where the slice ends before."""
    file = tiny(bench, name) if bench.tiny else STUDIES / f"{name}.toml"
    try:
        for dataset in sorted({trial.dataset for trial in read_study(file).trials}):
            open_dataset(dataset, None)
    except DevalError as reason:
        yield {"study": name, "skipped": str(reason)}
        return
    folder = folder_of(bench, name)
    typed = ["study", "run", str(file), "--out", str(folder), "--workers", "1", "--device", bench.device.type]
    code = deval(typed, slice_.left - STOP, folder.with_suffix(".log"))
    if code is None:
        states = [f"{run.model} seed {run.seed}: {run.iteration}" for run in find_runs([folder])]
        raise Unfinished(f"cut at iterations {', '.join(states)}")
    _require(code, folder.with_suffix(".log"))
    draw(bench, name, slice_)
    for run in find_runs([folder]):
        for result in run.results:
            yield {
                "study": name,
                "model": run.model,
                "dataset": run.dataset,
                "seed": run.seed,
                "tiny": bench.tiny,
                "config": run.config,
                "result": result,
            }


def folder_of(bench: Bench, name: str) -> Path:
    """The folder of a study."""
    folder = bench.work / "studies" / name
    folder.parent.mkdir(exist_ok=True)
    return folder


def tiny(bench: Bench, name: str) -> Path:
    """A study of the same models and data with one seed, small networks, one metric and 20 iterations."""
    contents = tomllib.loads((STUDIES / f"{name}.toml").read_text(encoding="utf-8"))
    datasets = contents["dataset"]
    study = {
        "name": name,
        "dataset": datasets if isinstance(datasets, str) else datasets[0],
        "seeds": [0],
        "iterations": 20,
        "checkpoint_every": 10,
        "metrics": contents["metrics"][:1],
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in study.items()]
    for model in contents["models"]:
        settings = {"model": model["model"], "batch_size": 4, **TINY.get(model["model"], {})}
        lines += ["[[models]]", *(f"{key} = {json.dumps(value)}" for key, value in settings.items())]
    path = folder_of(bench, name).with_suffix(".toml")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def draw(bench: Bench, name: str, slice_: Slice) -> None:
    """A traversal and samples of the first trial, PNGs in the folder `pictures`."""
    folder = bench.work / "pictures"
    folder.mkdir(exist_ok=True)
    first = find_runs([folder_of(bench, name)])[0].folder
    for command, extra in (("traverse", ["--no-gif"]), ("sample", [])):
        if slice_.left < PICTURE:
            raise Unfinished(f"{command} is not drawn")
        typed = [command, str(first), "--out", str(folder / f"{name}-{command}.png"), *extra]
        log = folder_of(bench, name).with_suffix(".log")
        code = deval([*typed, "--device", bench.device.type], slice_.left - STOP, log)
        if code is None:
            raise Unfinished(f"{command} was being drawn")
        _require(code, log)


def _require(code: int, log: Path) -> None:
    if code:
        raise DevalError(f"exit code {code}: {log.read_text(errors='replace')[-1500:]}")


def deval(typed: Sequence[str], seconds: float, log: Path) -> int | None:
    """The command's exit code, or None where it was stopped: it has `SAVING` seconds to save what it did."""
    with log.open("a") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "disentangle_eval", *typed],
            stdout=file,
            stderr=file,
            env={**os.environ, "COLUMNS": "120"},
        )
        try:
            return process.wait(max(0.0, seconds))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(SAVING)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return None


# ---------------------------------------------------------------- what comes back


def pack(bench: Bench, out: Path) -> None:
    """Records of all runs in one archive, weights that fit in another, and pictures, as files where few enough."""
    runs = sorted(path.parent for path in bench.work.glob("studies/*/trials/*/run.json"))
    records = [
        path for run in runs for path in map(run.joinpath, ("run.json", "log.jsonl", "speed.jsonl", "results.jsonl"))
    ]
    _tar(out / "runs.tar.gz", [path for path in records if path.exists()], bench.work)
    newest = [max(run.glob("snapshots/*.pt"), default=None) for run in sorted(runs, key=lambda run: run.name[::-1])]
    room, kept = BYTES, []
    for path in newest:
        if path is not None and path.stat().st_size < room:
            room -= path.stat().st_size
            kept.append(path)
    _tar(out / "weights.tar", kept, bench.work)
    pictures = sorted((bench.work / "pictures").glob("*.png"))
    if len(pictures) <= FILES - 3:
        for path in pictures:
            copy2(path, out)
        return
    for path in pictures:
        (out / path.name).unlink(missing_ok=True)
    _tar(out / "pictures.tar", pictures, bench.work)


def _tar(path: Path, members: Sequence[Path], root: Path) -> None:
    path.unlink(missing_ok=True)
    if members:
        with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w") as archive:
            for member in members:
                archive.add(member, member.relative_to(root))
