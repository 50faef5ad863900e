"""Runs from plans: opened, started or resumed, trained to their end and drawn; the same for commands and Python."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

from disentangle_eval.config import ModelConfig, flat, resolve
from disentangle_eval.errors import DevalError, PluginError, UsageError, is_broken_pipe, is_out_of_memory, warn
from disentangle_eval.following import Follow, follow_of, follower, measurement_of
from disentangle_eval.registry.lookup import load_registry
from disentangle_eval.registry.plugin_code import plugin_code
from disentangle_eval.runtime.progress_bar import shown_progress
from disentangle_eval.runtime.signals import on_signal
from disentangle_eval.runtime.threads import Load, available_cores
from disentangle_eval.training.planning import Plan, RunSettings

if TYPE_CHECKING:
    import torch

    from disentangle_eval.api import Dataset, ImageShape, Model
    from disentangle_eval.training.progress import Progress
    from disentangle_eval.training.run import Run, Watchers

    SnapshotWatcher = Callable[[Model[Any], int], None]

# The same latents in every run and picture, so that pictures can be compared.
PICTURE_SEED = 0

# Cores kept busy by other work that are worth a warning.
BUSY_CORES = 0.5


@dataclass(frozen=True)
class Ended:
    """How runs ended: the signal that stopped them, if any, and the error of each seed that failed."""

    signal: int | None
    failures: dict[int, DevalError]


def train_plans(plans: Sequence[Plan], data_dir: Path | None, command: str, *, progress: bool = True) -> list[Run]:
    """Train runs that differ in their seed alone, as `opened_runs` and `train_runs` do; raises the first failure."""
    with opened_runs(plans, data_dir, command, progress=progress) as runs:
        ended = train_runs(runs, progress=progress, follow=follow_of(plans[0].settings))
    for failure in ended.failures.values():
        raise failure
    return runs


@contextmanager
def opened_runs(
    plans: Sequence[Plan], data_dir: Path | None, command: str, *, progress: bool = True
) -> Iterator[list[Run]]:
    """The runs of plans that differ in their seed alone, started or resumed, on images that are held once.

    Within, no other process can train in their folders, and the first interrupt or termination lets them be saved, one
    that comes before they are started included. `command` is what was typed, for run.json.
    """
    import torch

    from disentangle_eval.opening import open_dataset

    settings = plans[0].settings
    device = prepare_device(settings)
    with ExitStack() as stack:
        stopping = stack.enter_context(stopping_on_signal())
        load = Load()
        for plan in plans:
            stack.enter_context(plan.folder.lock())
        with shown_progress(progress):
            data = open_dataset(settings.dataset, data_dir or folder_of_data(plans)).to(device)
        runs = []
        for plan in plans:
            with explaining(plan.model, plan.cfg, data.shape), plugin_code(f"model {plan.model!r}"):
                runs.append(open_run(plan, data))
        if follow := follow_of(settings):
            measurement_of(follow, runs[0])
        for plan, run in zip(plans, runs, strict=True):
            start_or_resume(run, plan, data_dir, command)
        stopping.begin(runs)
        if device.type == "cpu":
            name_busy_machine(load.of_others(), torch.get_num_threads())
        yield runs


def prepare_device(settings: RunSettings) -> torch.device:
    """The device that some runs compute on, with their number of threads; a `DevalWarning` where bf16 is slow on it."""
    import torch

    from disentangle_eval.runtime.devices import choose_device
    from disentangle_eval.runtime.host_memory import keep_freed_memory
    from disentangle_eval.training.precision import is_emulated

    device = choose_device(settings.device)
    if is_emulated(settings.precision, device):
        warn("--precision bf16: this CPU has no instructions for it and takes ten times as long as float32")
    assert isinstance(settings.threads, int)
    torch.set_num_threads(settings.threads)
    keep_freed_memory()
    return device


def start_or_resume(run: Run, plan: Plan, data_dir: Path | None, command: str) -> None:
    """Start a run, with what was typed in its run.json, or resume it, with the settings that it has now."""
    if plan.resumed is None:
        place = {"data_dir": str(data_dir.absolute())} if data_dir else {}
        run.start({**plan.settings.model_dump(), "command": command, **place})
    else:
        run.resume()
        plan.folder.write_run({**plan.resumed, "config": plan.cfg.model_dump(mode="json")})


def folder_of_data(plans: Sequence[Plan]) -> Path | None:
    """The folder of data sets that resumed runs were started with, if one was given."""
    places = [plan.resumed["settings"].get("data_dir") for plan in plans if plan.resumed]
    return next((Path(place) for place in places if place), None)


def name_busy_machine(others: float, threads: int) -> None:
    """A `DevalWarning` where other work leaves fewer cores than there are threads, which then wait for each other."""
    cores = available_cores()
    if others > BUSY_CORES and threads > cores - others + BUSY_CORES:
        what = f"{threads} threads wait for each other; --threads 1 is often faster then"
        warn(
            f"other work keeps {others:.1f} of {cores} cores busy: "
            f"{what if threads > 1 else 'this takes longer than on a quiet machine'}"
        )


def open_run(plan: Plan, data: Dataset) -> Run:
    """A plan's run on its data, which are on its device; neither started nor resumed."""
    from disentangle_eval.opening import build_model
    from disentangle_eval.runtime.devices import choose_device
    from disentangle_eval.training.graph import cuda_graphs
    from disentangle_eval.training.run import Identity, Run, Ticks
    from disentangle_eval.training.training import Training
    from disentangle_eval.training.validation import Validation, hold_back

    registry, settings = load_registry(), plan.settings
    spec = registry.find_model(plan.model)
    device = choose_device(settings.device)
    assert settings.products != "auto"
    assert settings.subnormals != "auto"
    held = None
    if settings.validation is not None:
        data, held = hold_back(data, settings.validation)
    training = Training(
        build_model(registry.resolve(spec, "target"), plan.cfg, data.shape, settings.seed),
        data,
        plan.cfg,
        settings.seed,
        device,
        precision=settings.precision,
        products=settings.products,
        subnormals=settings.subnormals,
        new_graph=cuda_graphs() if device.type == "cuda" and not settings.eager else None,
    )
    return Run(
        training,
        identity=Identity(
            model=plan.model, distribution=spec.distribution, version=spec.spec.version, dataset=settings.dataset
        ),
        folder=plan.folder,
        ticks=Ticks(log=settings.log_every, checkpoint=settings.checkpoint_every, snapshot=settings.snapshot_every),
        validation=None if held is None else Validation(training, held),
    )


def train_runs(runs: Sequence[Run], *, progress: bool = True, follow: Follow | None = None) -> Ended:
    """Train to the end, or to the first signal, and draw each folder's pictures.

    With `follow` every snapshot is scored, and training may end before that. A run of several that fails does not stop
    the others; one that is alone raises its error.
    """
    from disentangle_eval.training.turns import take_turns

    failures: dict[int, DevalError] = {}
    with ExitStack() as stack:
        alone = len(runs) == 1
        stack.enter_context(plugin_code(f"model {runs[0].identity.model!r} of {runs[0].identity.distribution}"))
        watchers = [stack.enter_context(watching(run, alone=alone, progress=progress, follow=follow)) for run in runs]
        trainings = [_explained(run, watcher) for run, watcher in zip(runs, watchers, strict=True)]
        if not alone:
            trainings = [_ending_alone(run, failures, turns) for run, turns in zip(runs, trainings, strict=True)]
        take_turns(trainings, runs[0].training.device)
    return Ended(runs[0].stopped_by, failures)


def _explained(run: Run, watchers: Watchers) -> Iterator[None]:
    """The turns of a run; what its model's code raises becomes the answer of `deval check`."""
    training = run.training
    with explaining(run.identity.model, training.cfg, training.data.shape):
        yield from run.in_turns(watchers)


@contextmanager
def explaining(model: str, cfg: ModelConfig, shape: ImageShape) -> Iterator[None]:
    """Within, an exception of a plugin becomes a `DevalError` that says which line to change, as `deval check` does.

    Any other `DevalError`, a lack of memory and a closed output pass through unchanged.
    """
    try:
        yield
    except (Exception, SystemExit) as error:
        if (
            is_broken_pipe(error)
            or is_out_of_memory(error)
            or (isinstance(error, DevalError) and not isinstance(error, PluginError))
        ):
            raise
        from disentangle_eval.testing.diagnosis import diagnosis

        raise diagnosis(model, cfg, shape, error) from error


def _ending_alone(run: Run, failures: dict[int, DevalError], turns: Iterator[None]) -> Iterator[None]:
    """The turns of a run, ended by its failure, which is kept under its seed."""
    try:
        yield from turns
    except DevalError as failure:
        failures[run.training.seed] = failure


@contextmanager
def watching(run: Run, *, alone: bool, progress: bool, follow: Follow | None = None) -> Iterator[Watchers]:
    """The watchers of a run: progress, TensorBoard and other trackers, pictures and scores at each snapshot.

    At the end the plots of the run are drawn.
    """
    import torch

    from disentangle_eval.report.run_pictures import draw_run
    from disentangle_eval.training.events import event_writer, tensorboard_installed
    from disentangle_eval.training.progress import no_progress, remarks, show_progress, slowdown
    from disentangle_eval.training.run import Watchers
    from disentangle_eval.training.trackers import trackers

    label = f"{run.identity.model} seed {run.training.seed}"

    def notice(text: str) -> None:
        warn(f"{label}: {text}")

    events = (event_writer(run.folder.events, run.iteration),) if tensorboard_installed() else ()
    pace = [remarks(run.iterations, shorter(run), notice)] if alone else []
    pace += [slowdown(torch.get_num_threads(), notice)] if run.training.device.type == "cpu" else []
    title = f"{label} on {run.identity.dataset}"
    with (
        show_progress(label, run.iterations, alone) if progress else no_progress() as shown,
        trackers(title, run.folder.root, flat(run.training.cfg.model_dump(mode="json"))) as tracked,
    ):
        logs = (*events, *tracked)
        snapshots = [announced(shown, "drawing pictures of", drawing(run))]
        if follow:
            score = follower(run, follow, notice, logs)
            snapshots.append(announced(shown, f"scoring {follow.score} at", score))
        yield Watchers(
            on_start=(shown.on_start,),
            on_iteration=(shown.on_iteration, *pace),
            on_log=(shown.on_log, *logs),
            on_snapshot=tuple(snapshots),
            on_notice=(notice,),
        )
        with shown.doing("drawing plots"):
            draw_run(run.folder)


def drawing(run: Run) -> SnapshotWatcher:
    """A watcher of snapshots that draws samples, a traversal and the model's own pictures."""
    from disentangle_eval.report.run_pictures import draw_model
    from disentangle_eval.report.traversal import chosen_image

    image = partial(chosen_image, run.training.data, PICTURE_SEED)

    def draw(model: Model[Any], iteration: int) -> None:
        draw_model(model, run.folder, iteration, PICTURE_SEED, run.training.device, image)

    return draw


def announced(shown: Progress, what: str, watcher: SnapshotWatcher) -> SnapshotWatcher:
    """The same watcher of snapshots, which progress shows as `what` and the iteration while it works."""

    @wraps(watcher)
    def watch(model: Model[Any], iteration: int) -> None:
        with shown.doing(f"{what} iteration {iteration:,}"):
            watcher(model, iteration)

    return watch


def shorter(run: Run) -> str:
    """How to train a run's model for less: a shorter preset for its data, if there is one, and --iterations."""
    config, dataset = type(run.training.cfg), run.identity.dataset
    lengths = {}
    for preset in config.presets:
        with suppress(UsageError):
            lengths[preset] = resolve(config, dataset, preset, {}).iterations
    short = min(lengths, key=lambda preset: lengths[preset], default=None)
    if short is None or lengths[short] >= run.iterations:
        return "--shorten N or --iterations N trains for less"
    return f"--preset {short} ({lengths[short]:,} iterations), --shorten N or --iterations N trains for less"


class Stopping:
    """Stops runs on the first signal, those that begin after it at once; a second one acts at once."""

    def __init__(self) -> None:
        self.runs: Sequence[Run] = ()
        self.received: int | None = None

    def begin(self, runs: Sequence[Run]) -> None:
        """Stop these runs from now on."""
        self.runs = runs
        if self.received is not None:
            self._stop(self.received)

    def receive(self, number: int) -> None:
        """Act on a signal."""
        if self.received is not None:
            raise KeyboardInterrupt
        self.received = number
        # Not by print, which the signal may have interrupted; standard error may be gone.
        with suppress(OSError, ValueError, AttributeError):
            os.write(sys.stderr.fileno(), b"\nsaving, after what is under way; once more ends at once without saving\n")
        self._stop(number)

    def _stop(self, number: int) -> None:
        for run in self.runs:
            run.stop(number)


@contextmanager
def stopping_on_signal() -> Iterator[Stopping]:
    """Within, signals that end a process stop the runs that begin."""
    stopping = Stopping()
    with on_signal(stopping.receive):
        yield stopping
