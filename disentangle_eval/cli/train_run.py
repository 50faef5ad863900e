"""Opening training runs, playing them to their end, and saying what to type next."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from disentangle_eval.cli.errors import FAILURE, SIGNALLED, say
from disentangle_eval.cli.signals import on_signal
from disentangle_eval.config import ModelConfig
from disentangle_eval.errors import DevalError
from disentangle_eval.registry.lookup import load_registry
from disentangle_eval.registry.names import parse_dataset

if TYPE_CHECKING:
    from torch import Tensor

    from disentangle_eval.api import Dataset, Model
    from disentangle_eval.training.folder import RunFolder
    from disentangle_eval.training.run import Run, Watchers

# The same latents in every run and picture, so that pictures can be laid side by side.
PICTURE_SEED = 0


@dataclass(frozen=True)
class Plan:
    """A run to be made: its settings, its folder, and the record of what is resumed, None where it starts anew."""

    cfg: ModelConfig
    settings: Mapping[str, Any]
    folder: RunFolder
    resumed: Mapping[str, Any] | None


def train_plans(name: str, plans: Sequence[Plan], data_dir: Path | None, command: str) -> None:
    """Train runs that differ in their seed alone, in this process and in turn, on images that are held once."""
    import torch

    from disentangle_eval.opening import open_dataset
    from disentangle_eval.runtime.devices import choose_device
    from disentangle_eval.runtime.host_memory import keep_freed_memory
    from disentangle_eval.training.precision import is_emulated

    settings = plans[0].settings
    if is_emulated(settings["precision"], choose_device(settings["device"])):
        say("warning", "--precision bf16: this CPU has no instructions for it and takes ten times as long as float32")
    torch.set_num_threads(settings["threads"])
    keep_freed_memory()
    with ExitStack() as locks:
        for plan in plans:
            locks.enter_context(plan.folder.lock())
        data = open_dataset(settings["dataset"], data_dir).to(choose_device(settings["device"]))
        runs = [open_run(name, plan, data) for plan in plans]
        for plan, run in zip(plans, runs, strict=True):
            if plan.resumed is None:
                run.start({**plan.settings, "command": command})
            else:
                run.resume()
                plan.folder.write_run({**plan.resumed, "config": plan.cfg.model_dump(mode="json")})
        finish(name, runs)


def open_run(name: str, plan: Plan, data: Dataset) -> Run:
    """A plan's model on its data and device, ready to start or resume."""
    from disentangle_eval.opening import build_model
    from disentangle_eval.runtime.devices import choose_device
    from disentangle_eval.training.graph import cuda_graphs
    from disentangle_eval.training.run import Identity, Run, Ticks
    from disentangle_eval.training.training import Training

    registry, settings = load_registry(), plan.settings
    record = registry.find_model(name)
    device = choose_device(settings["device"])
    training = Training(
        build_model(registry.resolve(record, "target"), plan.cfg, data.shape, settings["seed"]),
        data,
        plan.cfg,
        settings["seed"],
        device,
        precision=settings["precision"],
        new_graph=cuda_graphs() if device.type == "cuda" and not settings["eager"] else None,
    )
    return Run(
        training,
        identity=Identity(
            model=name, distribution=record.distribution, version=record.spec.version, dataset=settings["dataset"]
        ),
        folder=plan.folder,
        ticks=Ticks(
            log=settings["log_every"], checkpoint=settings["checkpoint_every"], snapshot=settings["snapshot_every"]
        ),
    )


def finish(name: str, runs: Sequence[Run]) -> None:
    """Train to the end, or to the first signal; say what to type next. A run that fails does not stop the others."""
    from disentangle_eval.report.run_pictures import draw_run
    from disentangle_eval.training.turns import take_turns

    failures: dict[int, DevalError] = {}
    with ExitStack() as stack:
        received = stack.enter_context(stopping_on_signal(runs))
        trainings = [run.in_turns(stack.enter_context(watching(name, run, alone=len(runs) == 1))) for run in runs]
        if len(runs) > 1:
            trainings = [noting(run, training, failures) for run, training in zip(runs, trainings, strict=True)]
        take_turns(trainings, runs[0].training.device)
    unfinished = [run for run in runs if run.iteration < run.iterations]
    for run in runs:
        draw_run(run.folder)
        if run in unfinished and run.training.seed not in failures:
            click.echo(
                f"stopped at iteration {run.iteration}; "
                f"continue with: deval train {name} --out {run.folder.root} --resume",
                err=True,
            )
        elif run.training.seed not in failures:
            click.echo(f"{run.folder.checkpoint}")
    for seed, failure in failures.items():
        say("error", f"seed {seed}: {failure}")
    if received and unfinished:
        sys.exit(SIGNALLED + received[0])
    if failures:
        raise click.exceptions.Exit(FAILURE)
    click.echo(f"next: {next_command(runs[0])} {' '.join(str(run.folder.checkpoint) for run in runs)}", err=True)


def noting(run: Run, training: Iterator[None], failures: dict[int, DevalError]) -> Iterator[None]:
    """The training, whose failure ends it alone and is noted under its seed."""
    try:
        yield from training
    except DevalError as failure:
        failures[run.training.seed] = failure


@contextmanager
def watching(name: str, run: Run, alone: bool) -> Iterator[Watchers]:
    """Who is told of a run: the terminal, TensorBoard where it is installed, and what draws pictures."""
    from disentangle_eval.cli.progress import progress
    from disentangle_eval.report.run_pictures import draw_model
    from disentangle_eval.report.traversal import chosen_image
    from disentangle_eval.training.events import event_writer, tensorboard_installed
    from disentangle_eval.training.run import Watchers

    def draw(model: Model[Any], iteration: int) -> None:
        draw_model(model, run.folder, iteration, PICTURE_SEED, run.training.device, image)

    def image() -> Tensor:
        return chosen_image(run.training.data, PICTURE_SEED)

    label = f"{name} seed {run.training.seed}"
    events = (event_writer(run.folder.events, run.iteration),) if tensorboard_installed() else ()
    with progress(label, run.iterations, alone) as shown:
        yield Watchers(
            on_start=(shown.started,),
            on_log=(shown.log, *events),
            on_snapshot=(draw,),
            on_notice=(lambda text: say("warning", f"{label}: {text}"),),
        )


def next_command(run: Run) -> str:
    """What to type after training: the score the data set allows, or samples where it allows none."""
    from disentangle_eval.api import FactorGrid

    if isinstance(run.training.data.factors, FactorGrid):
        return "deval score --metric factorvae"
    if load_registry().find_dataset(parse_dataset(run.identity.dataset).name).spec.test:
        return "deval score --metric cluster-accuracy"
    return "deval sample"


@contextmanager
def stopping_on_signal(runs: Sequence[Run]) -> Iterator[list[int]]:
    """The first interrupt or termination lets the iteration finish and saves; a second one acts at once."""
    received: list[int] = []

    def stop(number: int) -> None:
        if received:
            raise KeyboardInterrupt
        received.append(number)
        for run in runs:
            run.stop()

    with on_signal(stop):
        yield received
