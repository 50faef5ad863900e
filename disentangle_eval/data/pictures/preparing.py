"""Pictures decoded on all cores, once, and kept packed in the cache folder."""

from __future__ import annotations

import hashlib
import logging
import signal
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context

import numpy as np

from disentangle_eval.data.files.cache import cached_array
from disentangle_eval.data.files.locations import cache_folder
from disentangle_eval.data.pictures.decoding import Form, Span, decode_batch
from disentangle_eval.data.pictures.finding import Pictures
from disentangle_eval.data.pictures.names import pack_names, unpack_names
from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.runtime.progress import counted
from disentangle_eval.runtime.threads import available_cores

_LOG = logging.getLogger("disentangle_eval")

# Counts changes to decoding that alter pixels.
_VERSION = 2

_PICTURES_PER_BATCH = 64
_BYTES_PER_BATCH = 1 << 24
_NAMED = 3


@dataclass(frozen=True, eq=False)
class Prepared:
    """`pixels` is (N, C, S, S) uint8, a private mapping of the cache file, `sha256` its checksum; `names[i]` is the
    relative name of the picture behind image i.
    """

    pixels: np.ndarray
    sha256: str
    names: list[str]


def prepare(what: str, pictures: Pictures, form: Form, *, skip_unreadable: bool = False) -> Prepared:
    """The images of a place, decoded where the cache does not have them; `what` is the name of the data set.

    UsageError where there is no picture; DevalError where pictures cannot be used, unless these are to be left out.
    """
    settings = f"{pictures.place.absolute()} {form} {skip_unreadable}"
    contents = hashlib.sha256(pictures.identity().encode(errors="surrogateescape")).hexdigest()
    stem = f"{what}-{hashlib.sha256(settings.encode(errors='surrogateescape')).hexdigest()[:16]}"
    key = f"pictures {_VERSION} {stem} {contents}"

    @cache
    def decoded() -> tuple[np.ndarray, list[str]]:
        names = pictures.names()
        others = _named(pictures.others())
        if not names:
            received = f"{pictures.place}, which holds no picture{f' but {others}' if others else ''}"
            raise UsageError(f"dataset {what!r}", received=received, expected="at least one")
        if others:
            _LOG.warning("dataset %r: passed over %s", what, others)
        return _usable(what, names, *_decode_all(what, pictures, names, form), skip=skip_unreadable)

    pixels, sha256 = cached_array(cache_folder() / f"{stem}.bytes", key, lambda: decoded()[0])
    names, _ = cached_array(cache_folder() / f"{stem}.names", f"{key} {sha256}", lambda: pack_names(decoded()[1]))
    return Prepared(pixels.reshape(-1, *form.shape), sha256, unpack_names(names))


def _named(names: Sequence[str]) -> str:
    """How many files there are, and the first of them; nothing for none."""
    files = "1 file" if len(names) == 1 else f"{len(names):,} files"
    more = ", ..." if len(names) > _NAMED else ""
    return f"{files} that no suffix marks as a picture: {', '.join(names[:_NAMED])}{more}" if names else ""


def _usable(
    what: str, names: list[str], images: np.ndarray, reasons: list[str], *, skip: bool
) -> tuple[np.ndarray, list[str]]:
    """The images and names of the pictures without a reason against them."""
    refused = [i for i, reason in enumerate(reasons) if reason]
    if not refused:
        return images, names
    first = "; ".join(f"{names[i]} ({reasons[i]})" for i in refused[:_NAMED])
    found = f"{len(refused):,} of {len(names):,} pictures cannot be used: {first}{'; ...' * (len(refused) > _NAMED)}"
    if not skip or len(refused) == len(names):
        advice = "mend or remove them, or leave them out with skip_unreadable=true"
        raise DevalError(f"dataset {what!r}: {found}", advice=advice)
    _LOG.warning("dataset %r: left out %s", what, found)
    kept = [i for i, reason in enumerate(reasons) if not reason]
    return images[kept], [names[i] for i in kept]


def _decode_all(what: str, pictures: Pictures, names: list[str], form: Form) -> tuple[np.ndarray, list[str]]:
    """(N, bytes) uint8 and N reasons against a picture, empty where there is none."""
    images = np.zeros((len(names), *form.shape), dtype=np.uint8)
    reasons = [""] * len(names)
    processes = min(available_cores(), -(-len(names) // _PICTURES_PER_BATCH))
    _LOG.info("%s: decoding %d pictures once, processes: %d", what, len(names), processes)
    batches = _batches(pictures.contents(names))
    parts = _map(batches, form, processes)
    shown = counted(parts, f"{what}: decoding pictures", len(names), lambda part: len(part[0]))
    for positions, (decoded, refusals) in shown:
        images[positions] = decoded
        for position, reason in zip(positions, refusals, strict=True):
            reasons[position] = reason
    return images.reshape(len(names), -1), reasons


Batch = tuple[list[int], list[Span | bytes]]
Decoded = tuple[np.ndarray, list[str]]


def _batches(contents: Iterable[tuple[int, Span | bytes]]) -> Iterator[Batch]:
    """Some pictures at a time, few where they are large and already in memory."""
    positions: list[int] = []
    pictures: list[Span | bytes] = []
    held = 0
    for position, picture in contents:
        positions.append(position)
        pictures.append(picture)
        held += len(picture) if isinstance(picture, bytes) else 0
        if len(pictures) == _PICTURES_PER_BATCH or held > _BYTES_PER_BATCH:
            yield positions, pictures
            positions, pictures, held = [], [], 0
    if pictures:
        yield positions, pictures


def _map(batches: Iterable[Batch], form: Form, processes: int) -> Iterator[tuple[Sequence[int], Decoded]]:
    """The images of each batch, made by that many processes, or here where one would do."""
    if processes == 1:
        yield from ((positions, decode_batch(pictures, form)) for positions, pictures in batches)
        return
    # A process forked from one that runs torch's threads may hang, so each starts anew, which takes it no torch.
    # This process alone handles an interrupt.
    pool = ProcessPoolExecutor(
        processes, get_context("spawn"), initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN)
    )
    waiting: deque[tuple[list[int], Future[Decoded]]] = deque()
    try:
        for positions, pictures in batches:
            waiting.append((positions, pool.submit(decode_batch, pictures, form)))
            if len(waiting) > processes + 2:
                first, future = waiting.popleft()
                yield first, future.result()
        for positions, future in waiting:
            yield positions, future.result()
    except BrokenProcessPool as error:
        raise DevalError(
            "decoding pictures",
            received="a process that ended before its work was done",
            expected=f"enough memory for {processes} of them, and, in a script of your own, the call below "
            "if __name__ == '__main__'",
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)
