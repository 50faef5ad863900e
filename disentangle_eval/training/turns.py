"""Several trainings in one process, a few iterations of each in turn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext

import torch


def take_turns(trainings: Iterable[Iterator[None]], device: torch.device) -> None:
    """Run all to their ends. On CUDA each has its own stream, so that small networks fill the device together."""
    lanes = [(training, _own_stream(device)) for training in trainings]
    while lanes:
        lanes = [(training, stream) for training, stream in lanes if _goes_on(training, stream)]


def _goes_on(training: Iterator[None], stream: torch.cuda.Stream | None) -> bool:
    with _on(stream):
        goes_on = next(training, _END) is not _END
    if stream is not None and not goes_on:
        torch.cuda.current_stream(stream.device).wait_stream(stream)
    return goes_on


def _own_stream(device: torch.device) -> torch.cuda.Stream | None:
    if device.type != "cuda":
        return None
    stream = torch.cuda.Stream(device)
    # Weights and images were made on the stream of the caller.
    stream.wait_stream(torch.cuda.current_stream(device))
    return stream


def _on(stream: torch.cuda.Stream | None) -> AbstractContextManager[object]:
    return nullcontext() if stream is None else torch.cuda.stream(stream)


_END = object()
