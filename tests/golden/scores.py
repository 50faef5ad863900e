"""Scores of tiny fixed tables and of a model after some iterations, compared by test_golden.py.

`python tests/golden/scores.py` writes the golden file.
A number here changes only with a reason, and then with the metric's version, unless it is a chance level.
"""

from __future__ import annotations

import json
import tempfile
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
# Of the model: none counts codes in bins, where the last digit of a code can move a score.
TRAINED: dict[str, dict[str, Any]] = {
    "reconstruction": {},
    "elbo-decomposition": {},
    "iwae": {"particles": 20},
    "mcc": {},
    "r2": {"num_train": 40, "num_test": 20},
}


def codes(table: str) -> np.ndarray:
    """(60, 3): the factors themselves, a rotation of them with noise, or nothing but noise."""
    grid = np.stack(np.meshgrid(*map(np.arange, SIZES), indexing="ij"), axis=-1).reshape(-1, 3).astype(float)
    noise = np.random.default_rng(7).normal(size=grid.shape)
    rotation = np.array([[0.8, 0.6, 0.0], [-0.6, 0.8, 0.0], [0.0, 0.0, 1.0]])
    return {"factors": grid, "rotated": grid @ rotation + 0.1 * noise, "noise": noise}[table]


def scores(*tables: str) -> dict[str, dict[str, dict[str, Any]]]:
    """By table, all or some, and metric, the value, its chance level and every detail that is a number."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for table in tables or TABLES:
        found[table] = {}
        for metric, settings in SETTINGS.items():
            result = de.score(codes(table), factor_sizes=SIZES, metrics=metric, seed=0, **settings)[metric]
            numbers = {"value": result.value, "chance": result.chance, **result.details}
            kept = {name: value for name, value in numbers.items() if isinstance(value, float)}
            found[table][metric] = {"version": result.metric_version, **kept}
    return found


def images() -> np.ndarray:
    """(60, 16, 16) bytes: a bar whose place, height and grey are the factors."""
    drawn = np.zeros((*SIZES, 16, 16), dtype=np.uint8)
    for place, height, grey in np.ndindex(*SIZES):
        drawn[place, height, grey, : 4 * (height + 1), 4 * place : 4 * place + 4] = 50 * (grey + 1)
    return drawn.reshape(-1, 16, 16)


def trained_scores() -> dict[str, dict[str, Any]]:
    """By metric, the value of a VAE after 30 iterations."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "bars.npz"
        np.savez(data, images=images(), factor_sizes=SIZES)
        settings = {"iterations": 30, "batch_size": 16, "hidden": 16, "latent_dim": 3, "threads": 1, "device": "cpu"}
        run = de.train("vae", f"npz:{data}", out=Path(folder) / "run", progress=False, **settings)
        found = {metric: run.score(metrics=metric, **changes)[metric] for metric, changes in TRAINED.items()}
    return {metric: {"version": result.metric_version, "value": result.value} for metric, result in found.items()}


def trained_bytes() -> bytes:
    """The checkpoint of a VAE after 3 iterations in the working folder."""
    np.savez("images.npz", images=np.arange(8 * 256, dtype=np.uint8).reshape(8, 16, 16))
    settings = {"iterations": 3, "batch_size": 2, "hidden": 8, "threads": 1, "device": "cpu"}
    run = de.train("vae", "npz:images.npz", out="run", progress=False, **settings)
    return run.checkpoint.read_bytes()


if __name__ == "__main__":
    FILE.write_text(json.dumps({**scores(), "trained": trained_scores()}, indent=1) + "\n", encoding="utf-8")
