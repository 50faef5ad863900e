"""Runs from plans: opened on data that they share, started or resumed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from disentangle_eval.errors import warn
from disentangle_eval.following import follow_of, measurement_of
from disentangle_eval.registry.lookup import load_registry
from disentangle_eval.registry.plugin_code import plugin_code
from disentangle_eval.running.explaining import explaining
from disentangle_eval.running.stopping import stopping_on_signal
from disentangle_eval.runtime.progress_bar import shown_progress
from disentangle_eval.runtime.threads import Load, available_cores
from disentangle_eval.training.planning import Plan, RunSettings

if TYPE_CHECKING:
    import torch

    from disentangle_eval.api import Dataset
    from disentangle_eval.training.run import Run

# Cores kept busy by other work that are worth a warning.
BUSY_CORES = 0.5


@contextmanager
def opened_runs(
    plans: Sequence[Plan], data_dir: Path | None, command: str, *, progress: bool = True
) -> Iterator[list[Run]]:
    """The runs of plans that differ in their seed alone, started or resumed, on images that are held once.

    Within, no other process can train in their folders, and the first interrupt or termination lets them be saved, one
    that comes before they are started included. `command` is what was typed, for run.json.
    """
    import torch

    from disentangle_eval.opening.datasets import open_dataset

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
    from disentangle_eval.opening.models import build_model
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
