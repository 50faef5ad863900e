"""The example in each docstring of the interface runs, with a small data set in place of dSprites."""

from __future__ import annotations

import importlib.util
import inspect
import re
import textwrap
from typing import Any

import numpy as np
import pytest
import torch

import disentangle_eval as de
from disentangle_eval.opening import datasets
from disentangle_eval.sources import opened, subjects

PUBLIC = [name for name in de.__all__ if getattr(de, name).__module__.startswith("disentangle_eval.interface.")]
SMALL = "iterations=2, hidden=8, batch_size=4, threads=1, progress=False"


def example_of(item: Any) -> str:
    documentation = inspect.getdoc(item) or ""
    (example,) = re.findall(r"^Example::\n\n((?:    .*\n?|\n)+)", documentation, re.MULTILINE)
    return re.sub(r"iterations=[\d_]+", SMALL, textwrap.dedent(example))


@pytest.fixture
def names(tmp_path, monkeypatch) -> dict[str, Any]:
    """What the examples use: a run in the folder of runs, its model, images, codes and factors."""
    classes = np.stack(np.unravel_index(np.arange(75), (3, 5, 5)), axis=1)
    np.savez(tmp_path / "small.npz", images=np.arange(75 * 16).reshape(75, 4, 4) % 2 == 0, factor_sizes=(3, 5, 5))
    data = datasets.open_dataset(f"npz:{tmp_path / 'small.npz'}")
    for module in (datasets, opened, subjects):
        monkeypatch.setattr(module, "open_dataset", lambda name, data_dir=None: data)
    monkeypatch.chdir(tmp_path)
    run = de.train("vae", "dsprites", iterations=1, hidden=8, batch_size=4, threads=1, progress=False)
    run.score(metrics="mig")
    images = data.images(torch.arange(2))
    return {
        "de": de,
        "np": np,
        "torch": torch,
        "run": run,
        "model": run.model(),
        "images": images,
        "z": torch.zeros(1, 10),
    } | {
        "codes": classes.astype(np.float32),
        "factors": classes,
    }


@pytest.mark.usefixtures("unrendered_plots")
@pytest.mark.filterwarnings("ignore::disentangle_eval.errors.DevalWarning")
def test_every_example_runs(names: dict[str, Any]) -> None:
    assert len(PUBLIC) == 13
    for name in PUBLIC:
        example = example_of(getattr(de, name))
        if "pandas" in example and importlib.util.find_spec("pandas") is None:
            continue
        if "pandas" in example:
            names["pandas"] = __import__("pandas")
        exec(example, dict(names))
