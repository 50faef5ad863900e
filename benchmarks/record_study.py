"""Keeps the evidence of a study: the record, log and scores of each of its trials that has scores.

    python benchmarks/record_study.py studies/NAME evidence/studies/NAME

`python benchmarks/published_table.py` then writes the table of published and measured scores.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from disentangle_eval.errors import DevalError
from disentangle_eval.study.runs import find_runs

LINES = ("run.json", "log.jsonl", "results.jsonl")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", type=Path, help="folder of the study")
    parser.add_argument("out", type=Path, help="folder for the lines of its trials")
    options = parser.parse_args()
    for run in find_runs([options.study]):
        if not run.results:
            continue
        kept = options.out / run.folder.name
        kept.mkdir(parents=True, exist_ok=True)
        for name in LINES:
            shutil.copy(run.folder / name, kept / name)


if __name__ == "__main__":
    try:
        main()
    except DevalError as error:
        raise SystemExit(str(error)) from None
