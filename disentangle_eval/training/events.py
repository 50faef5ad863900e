"""TensorBoard event files, where the extra `tensorboard` is installed."""

from __future__ import annotations

import importlib.util
import os
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from disentangle_eval.runtime.files import make_folder, writing


def tensorboard_installed() -> bool:
    return importlib.util.find_spec("tensorboard") is not None


def event_writer(folder: Path, iteration: int) -> Callable[[Mapping[str, Any], float | None], None]:
    """A watcher of log lines that writes every term, one curve per dimension for vectors, and the speed.

    Events at or after `iteration`, of a run that is being resumed from there, are marked as superseded. Every line is
    written before the watcher returns, in this thread, so that a full disk is an error here: TensorBoard's own writer
    has a thread, whose failure is a traceback and ends the writing.
    """
    from tensorboard.compat.proto.event_pb2 import Event, SessionLog
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.record_writer import RecordWriter

    make_folder(folder)
    path = folder / f"events.out.tfevents.{time.time():.0f}.{socket.gethostname()}.{os.getpid()}.{iteration}"

    def append(*events: Any) -> None:
        with writing(path), path.open("ab") as file:
            records = RecordWriter(file)
            for event in events:
                records.write(event.SerializeToString())

    def write(line: Mapping[str, Any], speed: float | None) -> None:
        values = [Summary.Value(tag=name, simple_value=value) for name, value in scalars(line, speed)]
        append(Event(wall_time=time.time(), step=line["iteration"], summary=Summary(value=values)))

    append(
        Event(wall_time=time.time(), file_version="brain.Event:2"),
        Event(wall_time=time.time(), step=iteration, session_log=SessionLog(status=SessionLog.START)),
    )
    return write


def scalars(line: Mapping[str, Any], speed: float | None) -> list[tuple[str, float]]:
    """The curves of a log line and their values: `name` for a number, `name/0`, `name/1`, ... for a list."""
    values = [] if speed is None else [("iterations_per_second", speed)]
    for name, value in line.items():
        if isinstance(value, list):
            values += [(f"{name}/{dimension}", item) for dimension, item in enumerate(value)]
        elif name != "iteration":
            values.append((name, value))
    return values
