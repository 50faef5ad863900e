"""Every model trained with a seed alone in a process, and next to another seed in a second one."""

from __future__ import annotations

from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from disentangle_eval.api import ImageShape
from disentangle_eval.config import build
from disentangle_eval.errors import UsageError
from disentangle_eval.opening.models import build_model
from disentangle_eval.registry.lookup import load_registry
from disentangle_eval.report import run_pictures
from disentangle_eval.running.trained import train_plans
from disentangle_eval.training.planning import plan_run
from fault_scenarios.processes import FAULT, Outcome, in_a_child
from fault_scenarios.runs import state

SIDES = (64, 28, 16)  # of the images; a model gets the largest that it takes


def every_model(folder: Path, count: int) -> Counter[Outcome]:
    """The files of each model's run by seed 1 alone must be those of its run by seed 1 next to seed 0."""
    folder.mkdir()
    for side in SIDES:
        images = np.random.default_rng(0).integers(256, size=(12, side, side), dtype=np.uint8)
        factors = np.stack([np.arange(12) // 4, np.arange(12) % 4], axis=1)
        np.savez(folder / f"{side}.npz", images=images, factors=factors)
    found: Counter[Outcome] = Counter()
    for name in list(load_registry().models)[:count]:
        side = next(side for side in SIDES if _takes(name, side))
        codes = [in_a_child(partial(_train, folder, name, side, seeds)) for seeds in ([1], [0, 1])]
        runs = [folder / f"{name}-{seeds}-1" for seeds in ("1", "0-1")]
        if any(codes):
            found[f"{FAULT}{name} ended with {codes}"] += 1
        else:
            same = state(runs[0]) == state(runs[1])
            found["the same files" if same else f"{FAULT}{name} has other files"] += 1
    return found


def _takes(name: str, side: int) -> bool:
    record = load_registry().find_model(name)
    resolve: Any = load_registry().resolve
    try:
        build_model(resolve(record), build(resolve(record, "config"), {}), ImageShape(1, side, side), 0)
    except UsageError:
        return False
    return True


def _train(folder: Path, name: str, side: int, seeds: list[int]) -> None:
    run_pictures.draw_model = run_pictures.draw_run = lambda *_: None
    given = {"iterations": 2, "batch_size": 4, "log_every": 1, "device": "cpu", "threads": 1, "products": "torch"}
    data = {"dataset": f"npz:{folder / f'{side}.npz'}"}
    together = "-".join(map(str, seeds))
    plans = [plan_run(name, {**given, **data, "seed": seed}, folder / f"{name}-{together}-{seed}") for seed in seeds]
    train_plans(plans, None, "deval train", progress=False)
