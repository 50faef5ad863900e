"""Fetching a published file: mirror after mirror, continued where it was cut off, checked before it gets its name."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO
from urllib.parse import urlsplit

from disentangle_eval.data.files import published
from disentangle_eval.errors import DevalError
from disentangle_eval.registry.specs import DataFile
from disentangle_eval.runtime.locks import lock

TIMEOUT = 30.0  # seconds without an answer or a byte

Progress = Callable[[int, int], None]  # bytes there, bytes in all or 0 where not known

_CHUNK = 1 << 18
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
_BEYOND = re.compile(r"bytes \*/(\d+)")
_BAD_RANGE = 416
_PARTIAL_CONTENT = 206


class FetchError(DevalError):
    """A file could not be fetched; `what` says why, mirror by mirror."""


class _NoFileError(Exception):
    """A mirror does not give the file: another attempt would not either."""


class _CutError(Exception):
    """A connection ended before the file did."""


@dataclass(frozen=True)
class _Answer:
    """What a server sends: the bytes from `start` on, of `total` in all or 0 where it does not say; or no more."""

    body: http.client.HTTPResponse | None
    start: int
    total: int


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Redirects whose own page is not read: it may claim any size, and urllib would read it as a whole."""

    def http_error_302(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage
    ) -> Any:
        fp.close()
        return super().http_error_302(req, fp, code, msg, headers)

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


def fetch(
    file: DataFile, target: Path, progress: Progress = lambda there, total: None, timeout: float = TIMEOUT
) -> None:
    """Get a file from the first of its mirrors that has it, into `target`, whole and checked or not at all.

    What has come is next to it in `target` + `.partial` meanwhile; a later call goes on from there. `progress` is
    called for every chunk. `FetchError` where no mirror gives the right file, with the reason of each; `DevalError`
    where it cannot be written or another process is fetching it.
    """
    partial = target.with_name(f"{target.name}.partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("ab") as opened:
            _lock(opened, partial)
            reasons = _fetch_from_any(file, partial, opened, progress, timeout)
            if reasons is None:
                os.fsync(opened.fileno())
                partial.replace(target)
                return
            if not opened.tell():
                partial.unlink()
    except OSError as error:
        advice = "make room, or choose another folder with --data-dir"
        raise DevalError(f"cannot write {partial}: {error.strerror or error}", advice=advice) from error
    raise FetchError("; ".join(reasons) or "no address of it is known")


def _lock(opened: BinaryIO, partial: Path) -> None:
    """Keep other processes from writing a partial file; DevalError where one does, or has just finished it."""
    with contextlib.suppress(BlockingIOError):
        lock(opened.fileno())
        if partial.exists() and os.path.samestat(os.fstat(opened.fileno()), partial.stat()):
            return
    raise DevalError(f"{partial}: another process is fetching this file", advice="wait for it")


def _fetch_from_any(
    file: DataFile, partial: Path, opened: BinaryIO, progress: Progress, timeout: float
) -> Sequence[str] | None:
    """Make the partial file whole and right; otherwise why not, one reason per mirror."""
    reasons = []
    for url in file.urls:
        try:
            left_over = opened.tell() > 0
            _complete(url, file, opened, progress, timeout)
            wrong = _wrong(partial, file, opened)
            if wrong and left_over:  # what was there before may be at fault, and not this mirror
                _complete(url, file, opened, progress, timeout)
                wrong = _wrong(partial, file, opened)
            if wrong is None:
                return None
            reasons.append(f"{urlsplit(url).netloc} sent a wrong file: {wrong}")
        except (_NoFileError, _CutError) as error:
            reasons.append(f"{urlsplit(url).netloc} {error}")
    return reasons


def _complete(url: str, file: DataFile, opened: BinaryIO, progress: Progress, timeout: float) -> None:
    """Append to the partial file until it is whole, asking again as long as every answer brings some bytes."""
    whole = file.size > 0 and opened.tell() >= file.size
    while not whole:
        before = opened.tell()
        try:
            _append(url, file, opened, progress, timeout)
            whole = True
        except _CutError:
            if opened.tell() <= before:
                raise


def _append(url: str, file: DataFile, opened: BinaryIO, progress: Progress, timeout: float) -> None:
    answer = _ask(url, opened.tell(), timeout)
    if answer.body is None:
        if answer.total == opened.tell():
            return
        _cut_off(opened, 0)
        answer = _ask(url, 0, timeout)
    assert answer.body is not None
    with answer.body:
        total = answer.total or file.size
        if file.size and total != file.size:
            raise _NoFileError(f"offers {total:,} bytes, expected {file.size:,}")
        if total > file.largest and not file.size:
            raise _NoFileError(f"offers {total:,} bytes, expected at most {file.largest:,}")
        _cut_off(opened, answer.start)
        _copy(answer.body, opened, total, total or file.largest, progress)
    if opened.tell() < total:
        raise _CutError(f"ended the connection after {opened.tell():,} of {total:,} bytes")


def _ask(url: str, start: int, timeout: float) -> _Answer:
    """The server's answer to a request for the bytes from `start` on."""
    if urlsplit(url).scheme not in ("http", "https"):
        raise _NoFileError("its address is neither http nor https")
    headers = {"User-Agent": "disentangle-eval", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    try:
        body = urllib.request.build_opener(_Redirects).open(
            urllib.request.Request(url, headers=headers), timeout=timeout
        )
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == _BAD_RANGE and start:
            beyond = _BEYOND.fullmatch(error.headers.get("Content-Range") or "")
            return _Answer(None, start, int(beyond[1]) if beyond else 0)
        raise _NoFileError(f"answers {error.code} {error.reason}") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _NoFileError(f"cannot be reached ({_reason(error)})") from None
    if body.headers.get_content_type() == "text/html":
        body.close()
        raise _NoFileError("sends a web page instead of the file")
    if body.status != _PARTIAL_CONTENT:
        return _Answer(body, 0, body.length or 0)
    given = _RANGE.fullmatch(body.headers.get("Content-Range") or "")
    if given is None or int(given[1]) != start:
        body.close()
        raise _NoFileError("sends another part of the file than requested")
    return _Answer(body, start, 0 if given[2] == "*" else int(given[2]))


def _copy(body: http.client.HTTPResponse, opened: BinaryIO, total: int, most: int, progress: Progress) -> None:
    progress(opened.tell(), total)
    while True:
        try:
            chunk = body.read(_CHUNK)
        except (OSError, http.client.HTTPException) as error:
            opened.flush()
            raise _CutError(f"ended the connection after {opened.tell():,} bytes ({_reason(error)})") from None
        if not chunk:
            opened.flush()
            return
        if opened.tell() + len(chunk) > most:
            _cut_off(opened, 0)
            raise _NoFileError(f"sends more than the {most:,} bytes it should have")
        opened.write(chunk)
        progress(opened.tell(), total)


def _wrong(partial: Path, file: DataFile, opened: BinaryIO) -> str | None:
    """In what the fetched file differs from the published one, which empties it; None where it does not."""
    try:
        published.check(partial, file)
    except DevalError as error:
        _cut_off(opened, 0)
        return f"{error.received}, expected {error.expected}"
    return None


def _cut_off(opened: BinaryIO, length: int) -> None:
    opened.truncate(length)
    opened.seek(length)


def _reason(error: BaseException) -> str:
    reason = getattr(error, "reason", None) or error
    return getattr(reason, "strerror", None) or str(reason) or type(error).__name__
