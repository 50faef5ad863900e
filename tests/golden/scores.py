"""Scores of tiny fixed tables, written by `python tests/golden/scores.py` and compared by test_golden.py.

A number here changes only with a reason, and then with the metric's version.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

import disentangle_eval as de

FILE = Path(__file__).with_suffix(".json")
SIZES = (4, 3, 5)
SETTINGS: dict[str, dict[str, Any]] = {
    "factorvae": {"train_votes": 300, "eval_votes": 200, "samples_per_vote": 20},
    "higgins": {"train_points": 200, "eval_points": 200, "pairs_per_point": 20},
    "mig": {},
    "mig-sup": {},
    "rmig": {},
    "jemmig": {},
    "dcimig": {},
    "sap": {"num_train": 300, "num_test": 150},
    "irs": {},
    "mcc": {},
    "r2": {},
    "modularity-explicitness": {"num_train": 300, "num_test": 150},
    "unsupervised": {},
}
TABLES = ("factors", "rotated", "noise")


def codes(table: str) -> np.ndarray:
    """(60, 3): the factors themselves, a rotation of them with noise, or nothing but noise."""
    grid = np.stack(np.meshgrid(*map(np.arange, SIZES), indexing="ij"), axis=-1).reshape(-1, 3).astype(float)
    noise = np.random.default_rng(7).normal(size=grid.shape)
    rotation = np.array([[0.8, 0.6, 0.0], [-0.6, 0.8, 0.0], [0.0, 0.0, 1.0]])
    return {"factors": grid, "rotated": grid @ rotation + 0.1 * noise, "noise": noise}[table]


def scores() -> dict[str, dict[str, dict[str, Any]]]:
    """By table and metric, the value and every detail that is a number."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for table in TABLES:
        found[table] = {}
        for metric, settings in SETTINGS.items():
            result = de.score(codes(table), factor_sizes=SIZES, metrics=metric, seed=0, **settings)[metric]
            details = {name: value for name, value in result.details.items() if isinstance(value, float)}
            found[table][metric] = {"version": result.metric_version, "value": result.value, **details}
    return found


if __name__ == "__main__":
    FILE.write_text(json.dumps(scores(), indent=1) + "\n", encoding="utf-8")
