"""Writes the tables that pages compute from evidence into the pages.

A comment such as `<!-- table: run_facts runs/factorvae-dsprites-seed0 -->` names the table that follows it. So a page
shows its numbers wherever Markdown is rendered, and none of them is typed in.

    python benchmarks/page_tables.py
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import performance_tables
import published_table
import run_tables
from run_tables import Runs, table

from disentangle_eval.training.folder import RunFolder, read_lines

ROOT = Path(__file__).parents[1]
EVIDENCE = ROOT / "evidence"

VAE_FAMILY = {
    "VAE": "vae",
    "AAE": "aae",
    "beta-VAE": "beta-vae",
    "annealed-VAE": "annealed-vae",
    "beta-TCVAE": "beta-tcvae",
    "DIP-VAE-I": "dip-vae-i",
    "DIP-VAE-II": "dip-vae-ii",
    "FactorVAE": "factorvae",
    "InfoGAN": "infogan",
    "InfoGAN tuned": "infogan-tuned",
}

FAMILY = {
    "factorvae": "FactorVAE",
    "beta-tcvae": "beta-TCVAE",
    "beta-vae": "beta-VAE",
    "vae": "VAE",
    "dip-vae-ii": "DIP-VAE II",
}


def seeds(name: str, folder: str, count: int = 3) -> list[tuple[str, str]]:
    return [(name, f"{folder}-seed{seed}") for seed in range(count)]


def trials(name: str, study: str, model: str, preset: str | None = None) -> list[tuple[str, str]]:
    return [
        (name, str(run.parent.relative_to(EVIDENCE)))
        for run in sorted((EVIDENCE / "studies" / study).glob(f"{model}-*/run.json"))
        if preset in (None, json.loads(run.read_text(encoding="utf-8"))["settings"]["preset"])
    ]


def family(*models: str) -> list[tuple[str, str]]:
    """The trials of the study of the VAE family, of some models."""
    return [pair for model in models for pair in trials(FAMILY[model], "vae-family-dsprites", model)]


def tries(*names: str) -> list[tuple[str, str]]:
    return [(name, f"mnist-tries/{name}") for name in names]


# The runs of each comparison: pairs of a model's name and a folder of evidence.
GROUPS: dict[str, list[tuple[str, str]]] = {
    "dsprites-models": [(name, f"runs/{model}-dsprites-seed0") for name, model in VAE_FAMILY.items()],
    "binfogan-mnist": seeds("BInfoGAN", "runs/binfogan-mnist"),
    "infoae-mnist": seeds("InfoAE", "runs/infoae-mnist"),
    "infoae-mnist-tuned": trials("InfoAE", "infoae-mnist-tuned", "infoae"),
    "binfogan-mnist-tuned": trials("BInfoGAN", "binfogan-mnist-tuned", "binfogan"),
    "infogan-mnist": [
        *seeds("paper", "runs/infogan-mnist"),
        *seeds("tuned", "runs/infogan-tuned-mnist"),
        ("plain GAN", "runs/infogan-bystander-mnist-seed0"),
    ],
    "infogan-mnist-study": trials("trial", "infogan-mnist-tuned", "infogan")[:3],
    "infogan-mnist-paper": trials("paper", "infogan-mnist", "infogan", preset="paper"),
    "infogan-mnist-reference": trials("reference", "infogan-mnist", "infogan", preset="reference"),
    "infogan-mnist-noise": trials("tuned", "infogan-mnist-noise", "infogan"),
    "infogan-mnist-tuned": trials("without noise", "infogan-mnist-tuned", "infogan"),
    "factorvae-dsprites": trials("FactorVAE", "vae-family-dsprites", "factorvae"),
    "factorvae-dsprites-fast": trials("FactorVAE", "factorvae-dsprites-fast", "factorvae"),
    "infogan-dsprites": trials("`tuned`", "infogan-dsprites-sixth", "infogan"),
    "vae-family": family("factorvae", "beta-tcvae", "beta-vae", "vae", "dip-vae-ii"),
    "vae-family-course": family("factorvae", "beta-vae", "vae"),
    "precision": [
        pair
        for name, model in (("FactorVAE", "factorvae"), ("beta-VAE", "beta-vae"))
        for precision in ("float32", "bf16")
        for pair in seeds(f"{name} {precision}", f"precision/{model}-{precision}")
    ],
    "precision-infogan": [
        pair
        for precision in ("float32", "bf16")
        for pair in seeds(f"InfoGAN {precision}", f"precision/infogan-{precision}")
    ],
    "tries-binfogan": tries("bi-a", "bi-b64", "bi-lr4"),
    "tries-infogan": tries("i-base", "i-n16", "i-sn", "i-lc01", "ig-a", "ig-n4", "ig-n0", "ig-l01"),
    "tries-infogan-noise": [("under noise", f"mnist-tries/infogan-noise-seed{seed}") for seed in (101, 102, 103)],
    "tries-infoae": tries(
        *("ae-a", "ae-n10", "ag-s1", "ag-c", "ae-n10-g01", "ae-lr", "ae-n10-r20"),
        *("af-r500", "ah-lr", "ai-1", "ai-2", "ai-3", "ai-4"),
    ),
}


def accuracy_over_training(path: Path) -> str:
    """The accuracy every few iterations, one row per setting."""
    lines = read_lines(path)
    columns = sorted({int(at) for line in lines for at in line["accuracy"]})
    rows = []
    for line in lines:
        cells = (line["accuracy"].get(str(at)) for at in columns)
        settings = f"`{run_tables.options(line['command'])}`"
        rows.append([line["model"], settings, *("" if cell is None else f"{cell:.3f}" for cell in cells)])
    return table(["model", "settings", *(f"{at:,}" for at in columns)], rows)


def background(path: Path) -> str:
    """Each active dimension of each model, and whether its code is the same without the background."""
    rows = [
        [f"`{line['source']}`", str(dimension), f"{rate:.2f}", f"{correlation:.3f}"]
        for line in read_lines(path)
        for dimension, (rate, correlation) in enumerate(zip(line["rate"], line["correlation"], strict=True))
        if rate > 0.1
    ]
    return table(["run", "dimension", "I_U (nats)", "correlation"], rows)


OF_A_RUN: dict[str, Callable[[RunFolder], str]] = {
    "run_facts": run_tables.run_facts,
    "run_scores": run_tables.run_scores,
    "run_course": run_tables.run_course,
}
OF_A_GROUP: dict[str, Callable[[Runs], str]] = {
    "facts": run_tables.facts,
    "scores": run_tables.scores,
    "course_of_seeds": run_tables.course_of_seeds,
    "each_run": run_tables.each_run,
    "each_setting": run_tables.each_setting,
    "compared_scores": run_tables.compared_scores,
    "compared_differences": run_tables.compared_differences,
    "compared_correlations": run_tables.compared_correlations,
    "behind_the_first": run_tables.behind_the_first,
    "commands": run_tables.commands,
}

OF_A_FILE: dict[str, Callable[[Path], str]] = {
    "accuracy_over_training": accuracy_over_training,
    "background": background,
}

OF_ROWS: dict[str, Callable[[list[Mapping[str, Any]]], str]] = {
    "published": published_table.markdown,
    "published_commands": published_table.commands,
    "by_seed": published_table.by_seed,
}

MARKED = re.compile(r"(<!-- table: ([^\n]*?) -->\n)(\n(?:\|[^\n]*\n)+|\n```sh\n.*?```\n)?", re.DOTALL)


def made(command: str) -> str:
    """The table that a comment names."""
    kind, argument = command.split()
    if kind in OF_A_RUN:
        return OF_A_RUN[kind](RunFolder(EVIDENCE / argument))
    if kind in OF_A_GROUP:
        return OF_A_GROUP[kind]([(name, RunFolder(EVIDENCE / folder)) for name, folder in GROUPS[argument]])
    if kind in OF_ROWS:
        return OF_ROWS[kind](published_table.read(argument))
    if kind in OF_A_FILE:
        return OF_A_FILE[kind](EVIDENCE / argument)
    return performance_tables.tables(EVIDENCE / "benchmarks")[kind, argument]


def written(page: str) -> str:
    """The text of a page with every named table made anew."""
    return MARKED.sub(lambda match: f"{match[1]}\n{made(match[2])}", page)


def main() -> None:
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        before = path.read_text(encoding="utf-8")
        after = written(before)
        if after != before:
            path.write_text(after, encoding="utf-8")
            print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
