"""Published trainings through the command line, cut at the end of a slice and resumed in the next, then scored."""

from __future__ import annotations

import functools
import os
import signal
import statistics
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import copy2

from disentangle_eval.errors import DevalError
from disentangle_eval.opening import open_dataset
from disentangle_eval.training.folder import RunFolder, read_lines
from gpu_tasks.cases import Bench
from gpu_tasks.slices import Line, Slice, Task, Unfinished

# A training is worth going on with for so long, is told to stop so long before the end, and then has so long to save.
WORTH, STOP, SAVING = 90.0, 45.0, 40.0
# What one score is given; the first one of a seed draws the images and encodes them.
SCORE = 60.0
TICKS = ("--log-every", "1000", "--checkpoint-every", "25000", "--snapshot-every", "50000")
TINY_TICKS = ("--log-every", "5", "--checkpoint-every", "10", "--snapshot-every", "10")

FACTORS = ("factorvae", ("dlib", "kim-mnih", "ib-gan"))
LABELS = ("cluster-accuracy", ("hungarian", "majority"))

FILES, BYTES = 8, 15 * 2**20


@dataclass(frozen=True)
class Row:
    """A row of the table: a model on a data set with its published settings, for some seeds."""

    model: str
    dataset: str
    seeds: int
    metric: tuple[str, tuple[str, ...]]
    tiny: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.model}-{self.dataset}"


_SMALL = ("--batch-size", "4", "--iterations", "20")
ROWS = (
    Row("ibgan", "dsprites", 10, FACTORS, (*_SMALL, "--generator-width", "2", "--discriminator-width", "2")),
    Row("infogan", "mnist", 3, LABELS, (*_SMALL, "--width", "2")),
    Row("binfogan", "mnist", 3, LABELS, (*_SMALL, "--width", "2")),
    Row("infoae", "mnist", 3, LABELS, (*_SMALL, "--width", "2")),
    Row("factorvae", "dsprites", 10, FACTORS, (*_SMALL, "--hidden", "8", "--discriminator-width", "8")),
    Row("beta-vae", "dsprites", 10, FACTORS, (*_SMALL, "--hidden", "8")),
    Row("infogan", "dsprites", 10, FACTORS, (*_SMALL, "--width", "2")),
    Row("ibgan-infogan", "dsprites", 10, FACTORS, (*_SMALL, "--generator-width", "2", "--discriminator-width", "2")),
    Row("ibgan-gan", "dsprites", 10, FACTORS, (*_SMALL, "--generator-width", "2", "--discriminator-width", "2")),
)


def tasks(bench: Bench, slice_: Slice) -> Iterator[Task]:
    for row in ROWS:
        yield Task(f"table/{row.name}", WORTH, functools.partial(reproduce, bench, row, slice_))


def reproduce(bench: Bench, row: Row, slice_: Slice) -> Iterator[Line]:
    """Train every seed, score it, draw seed 0; a line a score. `Unfinished` where the slice ends before."""
    try:
        open_dataset(row.dataset, None)
    except DevalError as reason:
        yield {"model": row.model, "dataset": row.dataset, "skipped": str(reason)}
        return
    trained = folder_of(bench, row, "trained")
    if not trained.exists():
        train(bench, row, slice_)
        trained.touch()
    for seed in seeds(bench, row):
        score(bench, row, seed, slice_)
    draw(bench, row, slice_)
    for seed in seeds(bench, row):
        run = RunFolder(folder_of(bench, row, seed))
        rates = [line["iterations_per_second"] for line in read_lines(run.speed)]
        for result in read_lines(run.results):
            yield {
                "model": row.model,
                "dataset": row.dataset,
                "seed": seed,
                "tiny": bench.tiny,
                "config": run.read_run()["config"],
                "result": result,
                "iterations_per_second_beside_the_others": round(statistics.median(rates), 1),
            }


def seeds(bench: Bench, row: Row) -> range:
    return range(2 if bench.tiny else row.seeds)


def folder_of(bench: Bench, row: Row, what: int | str) -> Path:
    """The run folder of a seed, or a file beside it."""
    return bench.work / f"{row.name}-{what}"


def train(bench: Bench, row: Row, slice_: Slice) -> None:
    """To the end or to that of the slice, whichever comes first."""
    last = seeds(bench, row)[-1]
    typed = ["train", row.model, "--dataset", row.dataset, "--seeds", f"0-{last}", "--resume"]
    typed += ["--out", str(folder_of(bench, row, "{seed}")), *(TINY_TICKS if bench.tiny else TICKS)]
    log = folder_of(bench, row, "train.log")
    code = deval([*typed, *(row.tiny if bench.tiny else ()), *_device(bench)], slice_.left - STOP, log)
    if code is None:
        raise Unfinished(f"cut at {[iteration_of(bench, row, seed) for seed in seeds(bench, row)]} iterations")
    _require(code, log)


def score(bench: Bench, row: Row, seed: int, slice_: Slice) -> None:
    """Every protocol that is not in the run's results yet, one command each, so that a cut loses little."""
    run = RunFolder(folder_of(bench, row, seed))
    metric, protocols = row.metric
    log = folder_of(bench, row, "score.log")
    missing = len(protocols) - len(read_lines(run.results))
    for protocol in protocols[len(protocols) - missing :]:
        if slice_.left < SCORE:
            raise Unfinished(f"seed {seed} is not scored under {protocol}")
        typed = ["score", "--metric", metric, "--protocol", protocol, str(run.checkpoint), *_device(bench)]
        code = deval(typed, slice_.left - STOP, log)
        if code is None:
            raise Unfinished(f"seed {seed} was being scored under {protocol}")
        _require(code, log)


def draw(bench: Bench, row: Row, slice_: Slice) -> None:
    """A traversal and a sample of seed 0, PNGs in the folder `pictures`."""
    folder = bench.work / "pictures"
    folder.mkdir(exist_ok=True)
    for command, extra in (("traverse", ["--no-gif"]), ("sample", [])):
        if slice_.left < SCORE:
            raise Unfinished(f"{command} is not drawn")
        typed = [command, str(folder_of(bench, row, 0)), "--out", str(folder / f"{row.name}-{command}.png"), *extra]
        log = folder_of(bench, row, "draw.log")
        code = deval([*typed, *_device(bench)], slice_.left - STOP, log)
        if code is None:
            raise Unfinished(f"{command} was being drawn")
        _require(code, log)


def iteration_of(bench: Bench, row: Row, seed: int) -> int:
    lines = read_lines(RunFolder(folder_of(bench, row, seed)).log)
    return int(lines[-1]["iteration"]) if lines else 0


def _device(bench: Bench) -> list[str]:
    return ["--device", bench.device.type]


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
    runs = sorted(path.parent for path in bench.work.glob("*/run.json"))
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
