"""TensorBoard event files, where the extra `tensorboard` is installed."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


def tensorboard_installed() -> bool:
    return importlib.util.find_spec("tensorboard") is not None


def event_writer(folder: Path, iteration: int) -> Callable[[Mapping[str, Any], float], None]:
    """A watcher of log lines that writes every term, one curve per dimension for vectors, and the speed.

    Events at or after `iteration`, of a run that is being resumed from there, are marked as superseded.
    """
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(str(folder), purge_step=iteration)

    def write(line: Mapping[str, Any], speed: float) -> None:
        now = line["iteration"]
        writer.add_scalar("iterations_per_second", speed, now)
        for name, value in line.items():
            if isinstance(value, list):
                for dimension, item in enumerate(value):
                    writer.add_scalar(f"{name}/{dimension}", item, now)
            elif name != "iteration":
                writer.add_scalar(name, value, now)
        writer.flush()

    return write
