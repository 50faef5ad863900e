"""`deval study run`: run what is left of a study, on this machine or on a Ray cluster."""

from __future__ import annotations

import shlex
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import click

from disentangle_eval.cli.arguments import data_dir_option, device_option
from disentangle_eval.cli.echo import note
from disentangle_eval.cli.errors import FAILURE, SIGNALLED, USAGE, say
from disentangle_eval.cli.table import print_table
from disentangle_eval.errors import UsageError, one_line
from disentangle_eval.runtime.progress import in_words
from disentangle_eval.runtime.signals import on_signal
from disentangle_eval.runtime.threads import available_cores
from disentangle_eval.study.cluster import LOCAL, RayCluster, is_installed
from disentangle_eval.study.collecting import StudyError
from disentangle_eval.study.design import Study
from disentangle_eval.study.processes import Processes
from disentangle_eval.study.reading import read_study
from disentangle_eval.study.running import StudyFolder, TrialState, default_root, run_study

# Small networks leave most of a GPU idle: so many seeds share one process there, and one copy of the images.
SEEDS_ON_CUDA = 10


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the study.  [default: studies/NAME]")
@click.option("--scale", type=float, default=1.0, show_default=True, help="Multiply all numbers of iterations.")
@click.option("--dry-run", is_flag=True, help="Print the trials and an estimate of the work, and start nothing.")
@click.option("--address", help="Ray cluster: auto, or HOST:PORT of its head.  [default: Ray on this machine]")
@click.option(
    "--cpus-per-trial", type=click.IntRange(min=1), default=1, show_default=True, help="CPU threads per trial."
)
@click.option("--gpus-per-trial", type=click.FloatRange(min=0), default=0.0, help="With Ray, share of a GPU per trial.")
@click.option("--workers", type=click.IntRange(min=1), help="Trials at a time.  [default: as many as there are cores]")
@click.option(
    "--seeds-per-process",
    type=click.IntRange(min=1),
    help=f"Seeds of one setting that are trained side by side.  [default: {SEEDS_ON_CUDA} on CUDA, 1 on a CPU]",
)
@click.option("--retry-failed", is_flag=True, help="Run trials again that failed before.")
@device_option
@data_dir_option
def run(
    file: Path,
    out: Path | None,
    scale: float,
    dry_run: bool,
    address: str | None,
    cpus_per_trial: int,
    gpus_per_trial: float,
    workers: int | None,
    seeds_per_process: int | None,
    retry_failed: bool,
    device: str,
    data_dir: Path | None,
) -> None:
    """Run the study in FILE, a TOML file of models, settings and seeds.

    The same command again skips what is done, resumes what was interrupted, and scores only what has no score yet. A
    trial that fails is recorded with its cause, and the others continue.
    """
    try:
        study = read_study(file, scale)
    except StudyError as mistaken:
        for error in mistaken.errors:
            say("error", str(error))
        raise click.exceptions.Exit(USAGE) from None
    from disentangle_eval.study.checking import check

    if errors := check(study, data_dir):
        for error in errors:
            say("error", str(error))
        raise click.exceptions.Exit(USAGE)
    if dry_run:
        show_estimate(study, data_dir, max(1, workers or available_cores() // cpus_per_trial))
        return
    folder = StudyFolder(out or default_root(study.name))
    engine = engine_of(folder, address, cpus_per_trial, gpus_per_trial, workers)
    received: list[int] = []

    def stop(number: int) -> None:
        received.append(number)
        engine.stop(number)

    with on_signal(stop), showing(study, folder) as warn:

        def show_end(state: TrialState) -> None:
            if state.state == "failed":
                warn(f"{state.trial.title}: {state.cause}")
            elif state.state != "waiting" and not sys.stderr.isatty():
                note(f"{state.trial.title}: {state.state}")

        ended = run_study(
            study,
            folder,
            engine,
            threads=cpus_per_trial,
            device=device,
            data_dir=data_dir,
            seeds_per_process=seeds_per_process or (SEEDS_ON_CUDA if on_cuda(device, gpus_per_trial) else 1),
            retry_failed=retry_failed,
            on_end=show_end,
        )
    finish(ended, folder, received)


def on_cuda(device: str, gpus: float) -> bool:
    """Whether trials compute on CUDA: as the device says, or where each is given a share of a GPU."""
    from disentangle_eval.runtime.devices import choose_device

    return gpus > 0 or choose_device(device).type == "cuda"


def engine_of(
    folder: StudyFolder, address: str | None, cpus: int, gpus: float, workers: int | None
) -> Processes | RayCluster:
    """Ray where it is installed, on this machine or at an address, else processes of this machine.

    `UsageError` for an option that the engine cannot follow.
    """
    if address and address != LOCAL and workers:
        raise UsageError("--workers", received="--address as well", expected="one of them; a cluster starts what fits")
    if is_installed():
        return RayCluster(folder.root, address or LOCAL, cpus, gpus, workers)
    for option, value in (("--address", address), ("--gpus-per-trial", gpus)):
        if value:
            expected = "the package ray on this machine"
            raise UsageError(option, received=repr(value), expected=expected, advice="pip install ray")
    note("Ray is not installed (extra `ray`), so trials run in processes of this machine")
    return Processes(at_a_time=workers or max(1, available_cores() // cpus))


@contextmanager
def showing(study: Study, folder: StudyFolder) -> Iterator[Callable[[str], None]]:
    """While a study runs, a bar for the study and one per running trial on a terminal; nothing elsewhere.

    Warnings go through the function that is given, above the bars.
    """
    if not sys.stderr.isatty():
        yield partial(say, "warning")
        return
    from disentangle_eval.cli.study_bars import study_bars  # rich takes time to import

    with study_bars(study, folder) as bars:
        yield bars.warn


def finish(ended: Counter[str], folder: StudyFolder, received: list[int]) -> None:
    """Say how the study ended and what to type next; exit with 1 where a trial is not done, 128 + n after signal n."""
    click.echo(", ".join(f"{count} {state}" for state, count in sorted(ended.items())))
    if received:
        note("stopped; the same command continues")
        raise click.exceptions.Exit(SIGNALLED + received[0])
    click.echo(one_line(f"next: deval compare {shlex.quote(str(folder.root))}"))
    if ended["failed"]:
        note("the same command with --retry-failed runs the failed trials again; without it they are left as they are")
    if ended.total() > ended["done"]:
        raise click.exceptions.Exit(FAILURE)


def show_estimate(study: Study, data_dir: Path | None, at_a_time: int) -> None:
    """Print the trials of a study with their parameters, and how long they will take at the speed measured here."""
    from disentangle_eval.study.checking import estimate

    started = time.perf_counter()
    rows = estimate(study, data_dir)
    print_table(
        ["setting", "trials", "parameters", "iterations of each", "iterations/s", "time in all"],
        [
            [
                work.title,
                str(work.trials),
                f"{work.parameters:,}",
                f"{work.iterations:,}",
                f"{work.iterations_per_second:.1f}",
                in_words(3600 * work.hours),
            ]
            for work in rows
        ],
    )
    seconds = 3600 * sum(work.hours for work in rows)
    click.echo(
        f"{len(study.trials)} trials, {in_words(seconds)} of training one after the other, about "
        f"{in_words(seconds / at_a_time)} with {at_a_time} at a time; the start of each trial and its scores are not "
        f"counted (measured in {in_words(time.perf_counter() - started)}, one thread per trial)"
    )
