"""The pages of the site as text, their code blocks and their tables, and settings as their cells show them."""

import contextlib
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[1] / "docs"
PAGES = {
    str(path.relative_to(DOCS)): path.read_text() for path in sorted(DOCS.rglob("*.md")) if "_build" not in path.parts
}


def blocks(page: str, language: str) -> list[str]:
    """The contents of a page's fenced blocks of one language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGES[page], re.MULTILINE | re.DOTALL)


def shell_lines(page: str) -> list[str]:
    """Every command a page prints."""
    return [line for block in blocks(page, "sh") for line in block.splitlines()]


def tables(page: str) -> list[list[list[str]]]:
    """The tables of a page as rows of cells, the header first, without backticks."""
    found = re.findall(r"(?:^\|.*\|\n)+", PAGES[page], re.MULTILINE)
    return [[_cells(line) for number, line in enumerate(table.splitlines()) if number != 1] for table in found]


def table_of(page: str, *header: str) -> list[list[str]]:
    """The rows under the one table whose header begins with these cells."""
    (table,) = tables_of(page, *header)
    return table


def tables_of(page: str, *header: str) -> list[list[list[str]]]:
    """The tables whose headers begin with these cells."""
    return [table for table in tables(page) if table[0][: len(header)] == list(header)]


def read(cell: str) -> float | str:
    """A cell's number, or its text."""
    try:
        return float(cell.replace(",", ""))
    except ValueError:
        return cell


def shown(value: bool | float | str | tuple | None) -> float | str:
    """What `read` makes of the cell of a setting."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return read(", ".join(map(str, value)))
    return "none" if value is None else value if isinstance(value, str) else float(value)


def printed_by(page: str) -> str:
    """What the first Python block of a page prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(blocks(page, "python")[0], {})
    return printed.getvalue()


def says(page: str, sentence: str) -> bool:
    """Whether a page contains a sentence, wherever its lines are broken."""
    return sentence in " ".join(PAGES[page].split())


def evidence(file: str) -> list[dict[str, Any]]:
    """The lines of a file below evidence/, which a source distribution does not have."""
    path = DOCS.parent / "evidence" / file
    if not path.parent.is_dir():
        pytest.skip("a source distribution has no evidence/")
    return [json.loads(line) for line in path.read_text().splitlines()]


def scored(run: str, metric: str) -> dict[str, Any]:
    """The one result of a metric in the evidence of a run."""
    (line,) = [line for line in evidence(f"runs/{run}/results.jsonl") if line["metric"] == metric]
    return line


def _cells(line: str) -> list[str]:
    return [cell.strip().replace("`", "") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
