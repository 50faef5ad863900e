"""Files of JSON objects, one per line, in which a full disk or a damaged line costs no other line."""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from disentangle_eval.errors import DevalError, warn
from disentangle_eval.runtime.files import write_atomically, writing
from disentangle_eval.runtime.locks import lock


@dataclass(frozen=True)
class Lines:
    """The objects of a file in order, the number (from 1) of the line of each, and the numbers of damaged lines."""

    records: list[dict[str, Any]]
    numbers: list[int]
    damaged: list[int]


def append_line(path: Path, line: str) -> None:
    """Add one line, written whole or not at all; what precedes it is ended first if it is half a line.

    `DevalError` where the file cannot be written; it is then as it was.
    """
    contents = line.encode() + b"\n"
    with writing(path), _locked(path) as handle:
        size = os.fstat(handle).st_size
        if size and os.pread(handle, 1, size - 1) != b"\n":
            contents = b"\n" + contents
        try:
            while contents:
                contents = contents[os.write(handle, contents) :]
        except OSError:
            os.ftruncate(handle, size)
            raise


def read_lines(path: Path) -> Lines:
    """The JSON objects of a file, none where it does not exist; a damaged line is a `DevalWarning` and left out.

    `DevalError` for a file that is no text in UTF-8.
    """
    lines = _parsed(path)
    if lines.damaged:
        numbers = ", ".join(map(str, lines.damaged))
        warn(f"{path}: line {numbers}: damaged, no JSON object; left out, the other lines are read")
    return lines


def set_damaged_aside(path: Path, is_whole: Callable[[dict[str, Any]], bool] = lambda record: True) -> None:
    """Move damaged lines to a file of the same name with `.damaged`, if there are any; `DevalWarning` names them.

    A JSON object that is not `is_whole` counts as damaged, too.
    """
    if not _parsed(path, is_whole).damaged:
        return
    aside = path.with_name(f"{path.name}.damaged")
    with writing(path), _locked(path):
        lines = _parsed(path, is_whole)  # again: another process may have moved them meanwhile
        texts = _split(contents_of(path))
        with writing(aside), aside.open("ab") as file:
            file.writelines(texts[number - 1] + b"\n" for number in lines.damaged)
        kept = b"".join(texts[number - 1] + b"\n" for number in lines.numbers)
        write_atomically(path, lambda file: file.write(kept))
    if lines.damaged:
        warn(f"{path}: line {', '.join(map(str, lines.damaged))}: damaged; moved to {aside.name}")


def _parsed(path: Path, is_whole: Callable[[dict[str, Any]], bool] = lambda record: True) -> Lines:
    lines = Lines([], [], [])
    contents = contents_of(path)
    for number, text in enumerate(_split(contents), start=1):
        if not text.strip():
            continue
        try:
            record = json.loads(text.decode())
        except (ValueError, RecursionError):
            record = None
        if isinstance(record, dict) and is_whole(record):
            lines.records.append(record)
            lines.numbers.append(number)
        else:
            lines.damaged.append(number)
    if not lines.records and not _is_text(contents):
        raise DevalError(f"{path}", received="a file that is not UTF-8 text", expected="one JSON object per line")
    return lines


def contents_of(path: Path) -> bytes:
    """The bytes of a file, none where there is none; `DevalError` for a folder, and for a pipe, which could block."""
    if not path.exists():
        return b""
    if not path.is_file():
        raise DevalError(f"{path}", received="no plain file", expected="one JSON object per line", advice="remove it")
    return path.read_bytes()


def _split(contents: bytes) -> list[bytes]:
    return contents.removeprefix(b"\xef\xbb\xbf").split(b"\n")


def _is_text(contents: bytes) -> bool:
    try:
        contents.decode()
    except UnicodeDecodeError:
        return False
    return True


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[int]:
    """The file open for appending, by this process alone."""
    while True:
        handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            if stat.S_ISFIFO(os.fstat(handle).st_mode):
                raise OSError("it is a pipe, which keeps nothing; remove it")
            lock(handle, wait=True)
            if _is_at(handle, path):
                yield handle
                return
        finally:
            os.close(handle)


def _is_at(handle: int, path: Path) -> bool:
    """Whether an open file is still that of its path, and not replaced while this process waited for the lock."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False
