"""Falcor3D and Isaac3D from small trees and archives of the same form."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from disentangle_eval.data import FactorSpace, FactorTable
from disentangle_eval.data.pictures.config import PublishedPictureConfig
from disentangle_eval.data.sets.nvidia3d import DATASETS, load
from disentangle_eval.errors import DevalError, UsageError

FALCOR3D, ISAAC3D = DATASETS
SMALL = replace(FALCOR3D, images=12, factors="lighting 3, camera 4")


@pytest.fixture(autouse=True)
def _cache(monkeypatch, tmp_path):
    monkeypatch.setenv("DEVAL_CACHE", str(tmp_path / "cache"))


def rendering(index: int) -> bytes:
    """128 x 128 as published, here all of one grey."""
    file = io.BytesIO()
    Image.new("RGB", (128, 128), (10 * index,) * 3).save(file, "PNG")
    return file.getvalue()


def tree(folder: Path, names=tuple(f"{i:06}.png" for i in range(12))) -> Path:
    images = folder / "falcor3d" / "Falcor3D_down128" / "images"
    images.mkdir(parents=True)
    for i, name in enumerate(names):
        (images / name).write_bytes(rendering(i))
    (images.parent / "train-rec.labels").write_bytes(b"")
    return images


def test_names_are_places_in_the_grid(tmp_path):
    images = tree(tmp_path / "tree")
    data = load(SMALL, tmp_path / "tree", PublishedPictureConfig())
    assert (data.name, data.shape, data.factors) == ("falcor3d", (3, 64, 64), FactorSpace.parse(SMALL.factors))
    assert (data.images(torch.arange(12)) * 255).round()[:, 0, 5, 5].tolist() == [10 * i for i in range(12)]
    with zipfile.ZipFile(tmp_path / "Falcor3D_down128.zip", "w") as archive:
        for path in sorted(images.iterdir(), reverse=True):
            archive.write(path, f"Falcor3D_down128/images/{path.name}")
    assert load(SMALL, tmp_path, PublishedPictureConfig()).sha256 == data.sha256
    assert load(SMALL, tmp_path, PublishedPictureConfig(size=128)).shape == (3, 128, 128)


def test_a_part_has_a_table_of_factors(tmp_path):
    (tree(tmp_path) / "000005.png").unlink()
    with pytest.raises(DevalError, match=r"received 11 pictures .*, expected 12; .*falcor3d\?partial=true"):
        load(SMALL, tmp_path, PublishedPictureConfig())
    factors = load(SMALL, tmp_path, PublishedPictureConfig(partial=True)).factors
    assert isinstance(factors, FactorTable)
    assert factors.classes(np.array([4, 5])).tolist() == [[1, 0], [1, 2]]


@pytest.mark.parametrize("other", ["preview.png", "000012.png"])
def test_other_names_are_refused(tmp_path, other):
    tree(tmp_path, (*(f"{i:06}.png" for i in range(11)), other))
    with pytest.raises(DevalError, match="expected numbers from 000000 to 000011, each once"):
        load(SMALL, tmp_path, PublishedPictureConfig())


def test_the_grids_are_the_published_ones(tmp_path):
    # The makers' formula for the name of a picture: its multipliers, which follow from the numbers of classes.
    falcor3d, isaac3d = (FactorSpace.parse(spec.factors) for spec in DATASETS)
    assert len(falcor3d) == FALCOR3D.images == 233_280
    assert len(isaac3d) == ISAAC3D.images == 737_280
    assert falcor3d.index(np.eye(7, dtype=int)).tolist() == [46656, 7776, 1296, 216, 36, 6, 1]
    assert isaac3d.index(np.eye(9, dtype=int)).tolist() == [245760, 30720, 6144, 1536, 384, 96, 16, 4, 1]
    with pytest.raises(UsageError, match=r"has no isaac3d/Isaac3D_down128\.zip"):
        load(ISAAC3D, tmp_path, PublishedPictureConfig())
