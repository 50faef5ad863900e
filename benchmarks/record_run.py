"""Keeps the evidence of a finished, scored run, and the pictures for its page.

    python benchmarks/record_run.py runs/NAME evidence/runs/NAME docs/results/NAME

Name the run in a comment of its page; `python benchmarks/page_tables.py` then writes its tables there.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from disentangle_eval.api import Generator, Reconstructor, Traversable
from disentangle_eval.checkpoint import load
from disentangle_eval.errors import DevalError
from disentangle_eval.opening.models import restore_model
from disentangle_eval.report.run_pictures import draw_run
from disentangle_eval.training.folder import RunFolder

LINES = ("run.json", "log.jsonl", "speed.jsonl", "results.jsonl")
PLOTS = ("bounds", "kl", "losses", "scores", "confusion")
DRAWINGS = {"sample": Generator, "traverse": Traversable, "reconstruct": Reconstructor}


def draw(folder: RunFolder, out: Path) -> None:
    """The plots of the run and what its newest checkpoint draws."""
    draw_run(folder)
    for name in PLOTS:
        picture = folder.pictures / f"{name}.png"
        if picture.exists():
            shutil.copy(picture, out / picture.name)
    model = restore_model(load(folder.checkpoint))
    for command, ability in DRAWINGS.items():
        if isinstance(model, ability):
            drawing = [command, str(folder.checkpoint), "--out", str(out / f"{command}.png")]
            subprocess.run([sys.executable, "-m", "disentangle_eval", *drawing], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="the run folder")
    parser.add_argument("lines", type=Path, help="folder for the record, log, speed and scores")
    parser.add_argument("pictures", type=Path, help="folder for the pictures")
    options = parser.parse_args()
    folder = RunFolder(options.run)
    for out in (options.lines, options.pictures):
        out.mkdir(parents=True, exist_ok=True)
    for name in LINES:
        shutil.copy(folder.root / name, options.lines / name)
    draw(folder, options.pictures)


if __name__ == "__main__":
    try:
        main()
    except DevalError as error:
        raise SystemExit(str(error)) from None
