"""The JSON lines that benchmarks write and tables read: a result with its command, hardware, versions and date."""

from __future__ import annotations

import datetime
import json
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Line = dict[str, Any]


def line(question: str, found: Mapping[str, Any], hardware: str) -> Line:
    """One result of the running script; `found` are its fields."""
    from disentangle_eval.runtime.versions import versions

    return {
        "question": question,
        "command": shlex.join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *map(_file_name, sys.argv[1:])]),
        **found,
        "hardware": hardware,
        "versions": versions(),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }


def write(line: Mapping[str, Any], out: Path | None) -> None:
    """Print a line and append it to `out`, if given."""
    text = json.dumps(line)
    print(text, flush=True)
    if out is not None:
        with out.open("a", encoding="utf-8") as file:
            file.write(text + "\n")


def read(path: Path) -> list[Line]:
    return [json.loads(text) for text in path.read_text(encoding="utf-8").splitlines()]


def _file_name(argument: str) -> str:
    """An argument without the folder of a file of codes."""
    return Path(argument).name if argument.endswith(".npz") else argument
