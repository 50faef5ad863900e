"""Weights & Biases and MLflow, where their package is installed and a variable of the environment names a place.

Weights & Biases is used where `WANDB_PROJECT` is set, MLflow where `MLFLOW_TRACKING_URI` is.
"""

from __future__ import annotations

import importlib.util
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from disentangle_eval.errors import describe, warn
from disentangle_eval.training.events import scalars

Write = Callable[[Mapping[str, Any], float | None], None]


@contextmanager
def trackers(name: str, folder: Path, config: Mapping[str, Any]) -> Iterator[tuple[Write, ...]]:
    """Watchers of log lines that write every term to the services that are set up, as a run with a name and settings.

    Vectors have one curve per dimension. The runs of the services end with the context. A service that cannot be used,
    or no longer, is a `DevalWarning`.
    """
    writers = []
    ends: list[Callable[[], object]] = []
    try:
        for package, variable, start in (
            ("wandb", "WANDB_PROJECT", wandb_run),
            ("mlflow", "MLFLOW_TRACKING_URI", mlflow_run),
        ):
            if not os.environ.get(variable) or importlib.util.find_spec(package) is None:
                continue
            try:
                write, end = start(name, folder, config)
            except Exception as error:  # a service may fail in any way; training goes on without it
                warn(f"{package} is left out: {describe(error)}")
                continue
            writers.append(until_it_fails(package, write))
            ends.append(end)
        yield tuple(writers)
    finally:
        for end in ends:
            try:
                end()
            except Exception as error:  # it hides nothing that went wrong before
                warn(f"a service did not end its run: {describe(error)}")


def until_it_fails(package: str, write: Write) -> Write:
    """A writer that does nothing any more after its first failure, which is a `DevalWarning`."""
    failed = False

    def guarded(line: Mapping[str, Any], speed: float | None) -> None:
        nonlocal failed
        if failed:
            return
        try:
            write(line, speed)
        except Exception as error:  # a service may fail in any way; training goes on without it
            failed = True
            warn(f"{package} is left out from iteration {line['iteration']:,} on: {describe(error)}")

    return guarded


def wandb_run(name: str, folder: Path, config: Mapping[str, Any]) -> tuple[Write, Callable[[], object]]:
    """A run of Weights & Biases in the project that `WANDB_PROJECT` names: its writer, and what ends it."""
    import wandb

    run = wandb.init(name=name, dir=str(folder), config=dict(config), reinit="create_new")

    def write(line: Mapping[str, Any], speed: float | None) -> None:
        run.log(dict(scalars(line, speed)), step=line["iteration"])

    return write, run.finish


def mlflow_run(name: str, folder: Path, config: Mapping[str, Any]) -> tuple[Write, Callable[[], object]]:
    """A run of MLflow in the experiment that `MLFLOW_EXPERIMENT_ID` names, or the default one: its writer and end."""
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param

    client = MlflowClient()
    run = client.create_run(os.environ.get("MLFLOW_EXPERIMENT_ID", "0"), run_name=name)
    client.log_batch(run.info.run_id, params=[Param(key, str(value)) for key, value in config.items()])

    def write(line: Mapping[str, Any], speed: float | None) -> None:
        now = int(1000 * time.time())
        metrics = [Metric(key, value, now, line["iteration"]) for key, value in scalars(line, speed)]
        client.log_batch(run.info.run_id, metrics=metrics)

    return write, lambda: client.set_terminated(run.info.run_id)
