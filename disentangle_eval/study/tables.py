"""A comparison as text: for a terminal, Markdown, CSV, LaTeX and JSON, the same for equal comparisons."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable

from disentangle_eval.errors import one_line
from disentangle_eval.study.comparison import Cell, Comparison, Form, ScoreTable

Rows = list[list[str]]

ARROWS = {"higher": "↑", "lower": "↓", "neither": ""}


def score_tables(comparison: Comparison) -> list[tuple[str, Rows]]:
    """The tables of scores with their titles, which name the data sets."""
    tables = [(", ".join(filter(None, table.datasets)), score_rows(comparison, table)) for table in comparison.tables()]
    form = "mean ± standard deviation [95% interval of the mean] (seeds)"
    return [(f"scores{f' on {datasets}' if datasets else ''}: {form}", rows) for datasets, rows in tables]


def score_rows(comparison: Comparison, table: ScoreTable) -> Rows:
    """The header, then a row per setting: mean, interval and number of seeds of each column; last the chance levels."""
    headings = zip(table.headings, table.columns, strict=True)
    header = ["setting", *(f"{heading} {ARROWS[column.better]}".strip() for heading, column in headings)]
    rows = [
        [row, *(cell_text(comparison.cells[row].get(column.title)) for column in table.columns)] for row in table.rows
    ]
    chances = [chance_text(comparison, column.title) for column in table.columns]
    return [header, *rows, *([["chance", *chances]] if any(chances) else [])]


def chance_text(comparison: Comparison, title: str) -> str:
    """The chance level of a column, from the lowest to the highest where settings differ; empty where it has none."""
    cells = [comparison.cells[row].get(title) for row in comparison.rows]
    known = sorted(cell.chance for cell in cells if cell is not None and cell.chance is not None)
    ends = dict.fromkeys(f"{chance:.4f}" for chance in (known[0], known[-1])) if known else {}
    return " to ".join(ends)


def cell_text(cell: Cell | None) -> str:
    """`mean ± standard deviation [interval] (n)`, less what a single seed has not; empty where there is no score."""
    if cell is None:
        return ""
    if cell.standard_deviation is None or cell.interval is None:
        return f"{cell.mean:.4f} (1)"
    low, high = cell.interval
    return f"{cell.mean:.4f} ± {cell.standard_deviation:.4f} [{low:.4f}, {high:.4f}] ({len(cell.values)})"


def difference_rows(comparison: Comparison) -> Rows:
    """The header, then a row per paired difference."""
    return [
        ["score", "first", "second", "first - second", "95% interval", "seeds"],
        *(
            [
                difference.column,
                difference.first,
                difference.second,
                f"{difference.mean:+.4f}",
                "[{:+.4f}, {:+.4f}]".format(*difference.interval),
                str(len(difference.seeds)),
            ]
            for difference in comparison.differences
        ),
    ]


def correlation_rows(comparison: Comparison) -> Rows:
    """The header, then a row per pair of columns."""
    return [
        ["score", "score", "Pearson", "Spearman", "Kendall", "runs"],
        *(
            [
                found.first,
                found.second,
                *(f"{value:.3f}" for value in (found.pearson, found.spearman, found.kendall)),
                str(found.runs),
            ]
            for found in comparison.correlations
        ),
    ]


def sections(comparison: Comparison) -> list[tuple[str, Rows]]:
    """The tables of a comparison with their titles; those without rows are left out."""
    tables = [
        *score_tables(comparison),
        ("paired differences over shared seeds", difference_rows(comparison)),
        ("correlations over runs", correlation_rows(comparison)),
    ]
    return [(title, rows) for title, rows in tables if len(rows) > 1]


def markdown(comparison: Comparison) -> str:
    """Every table in Markdown, then the notes."""
    parts = [f"**{title}**\n\n{markdown_table(rows)}" for title, rows in sections(comparison)]
    parts += ["\n".join(f"- {note}" for note in comparison.notes)] if comparison.notes else []
    return "\n\n".join(parts) + "\n"


def markdown_table(rows: Rows) -> str:
    """Rows, the first of which is the header, as a Markdown table."""
    header, *body = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    lines = [header, ["---"] * len(header), *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def comma_separated(comparison: Comparison) -> str:
    """One line per setting, score and seed: what any other program can take; `score` is the title of a column."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(
        ["setting", "score", "metric", "protocol", "dataset", "better", "seed", "iteration", "value", "chance"]
    )
    for row in comparison.rows:
        for column in comparison.columns:
            cell = comparison.cells[row].get(column.title)
            if cell is None:
                continue
            known = [row, column.title, column.metric, column.protocol, column.dataset, column.better]
            for seed, value in cell.values.items():
                # A number is written as its repr, which is read back to the same bits; None is an empty field.
                chance = cell.chances[seed]
                numbers = [repr(value), None if chance is None else repr(chance)]
                writer.writerow([*known, seed, cell.iterations[seed], *numbers])
    return buffer.getvalue()


def latex(comparison: Comparison) -> str:
    """The tables of scores for LaTeX with the package booktabs; comments say what the numbers are, and the notes."""
    tables = [f"{latex_comment(title)}\n{latex_table(rows)}" for title, rows in score_tables(comparison)]
    return "\n\n".join(tables) + "\n" + "".join(f"{latex_comment(note)}\n" for note in comparison.notes)


def latex_comment(text: str) -> str:
    """Text as a comment of one line."""
    return f"% {one_line(text)}"


def latex_table(rows: Rows) -> str:
    """Rows, the first of which is the header, as a table for LaTeX."""
    header, *body = [[latex_text(cell) for cell in row] for row in rows]
    lines = [
        r"\begin{tabular}{l" + "r" * (len(header) - 1) + "}",
        r"\toprule",
        " & ".join(header) + r" \\",
        r"\midrule",
        *(" & ".join(row) + r" \\" for row in body),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return "\n".join(lines)


def latex_text(text: str) -> str:
    """Text with LaTeX's special characters escaped."""
    special = {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "±": r"$\pm$",
        "↑": r"$\uparrow$",
        "↓": r"$\downarrow$",
        **{character: f"\\{character}" for character in "&%$#_{}"},
    }
    return "".join(special.get(character, character) for character in text)


def as_json(comparison: Comparison) -> str:
    """Everything, as one JSON object."""
    return json.dumps(comparison.to_dict(), indent=2, sort_keys=True) + "\n"


FORMATS: dict[Form, Callable[[Comparison], str]] = {
    "markdown": markdown,
    "csv": comma_separated,
    "latex": latex,
    "json": as_json,
}
