"""The pictures of a run folder: as many as the run has data for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import nn

from disentangle_eval.report.run_pictures import draw_model, draw_run
from disentangle_eval.training.folder import RunFolder

LOG = [{"iteration": 100 * n, "loss_d": 1 / n, "lower_bound": n, "upper_bound": 2 * n, "kl": [n, 1]} for n in (1, 2)]
RESULT = {
    "metric": "m",
    "metric_version": 1,
    "settings": {},
    "seed": 0,
    "iteration": 10,
    "value": 0.5,
    "better": "higher",
    "chance": 0.2,
}


def test_a_run_is_drawn_as_far_as_it_has_come(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    assert draw_run(folder) == []
    folder.log.write_text("".join(json.dumps(line) + "\n" for line in LOG))
    assert [path.name for path in draw_run(folder)] == ["losses.png", "bounds.png", "kl.png"]
    folder.results.write_text(json.dumps(RESULT) + "\n")
    drawn = draw_run(folder)
    assert [path.name for path in drawn] == ["losses.png", "bounds.png", "kl.png", "scores.png"]
    assert all(path.parent == folder.pictures and path.stat().st_size > 1000 for path in drawn)


def test_a_model_is_drawn_as_far_as_it_can(tmp_path: Path, painter: Any, cpu: torch.device) -> None:
    folder = RunFolder(tmp_path)
    drawn = draw_model(painter, folder, 5000, seed=0, device=cpu)
    assert drawn == [folder.picture("samples", 5000), folder.picture("traversal", 5000)]
    assert all(path.is_file() for path in drawn)
    assert draw_model(nn.Linear(1, 1), folder, 5000, seed=0, device=cpu) == []
