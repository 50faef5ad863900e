"""3D Chairs from its three layouts: three models in six views each count as the published set."""

from __future__ import annotations

import io
import tarfile
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from disentangle_eval.data.factor_table import FactorTable
from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.data.sets.chairs3d import DATASETS, loading
from disentangle_eval.data.sets.chairs3d.config import Chairs3DConfig
from disentangle_eval.data.sets.chairs3d.loading import VIEWS, factors_of, sort
from disentangle_eval.errors import DevalError

MODELS = ("1a6f615e8b1b5ae4dbbc9440457e303e", "2b", "fe")
ELEVATIONS = (20, 30)
AZIMUTHS = (11, 104, 360)
COUNT = 18
(CHAIRS3D,) = DATASETS
load = partial(loading.load, replace(CHAIRS3D, images=COUNT))


@pytest.fixture(autouse=True)
def _cache(monkeypatch, tmp_path):
    monkeypatch.setenv("DEVAL_CACHE", str(tmp_path / "cache"))


def render(value: int) -> bytes:
    """600 x 600 RGB as published, here of one grey."""
    file = io.BytesIO()
    Image.new("RGB", (600, 600), (value, value, value)).save(file, "PNG")
    return file.getvalue()


def views() -> list[tuple[str, str, bytes]]:
    """Folder, name and contents; the grey is the image's index when sorted by model, elevation and azimuth."""
    found = []
    for m, model in enumerate(MODELS):
        for e, elevation in enumerate(ELEVATIONS):
            for a, azimuth in enumerate(AZIMUTHS):
                # As published, the number within a folder goes on from one elevation to the next.
                name = f"image_{32 * e + a + 1:03}_p{elevation:03}_t{azimuth:03}_r096.png"
                found.append((model, name, render((m * 2 + e) * 3 + a)))
    return found


def tree(folder: Path) -> Path:
    for model, name, contents in views():
        path = folder / "rendered_chairs" / model / "renders" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(contents)
    (folder / "rendered_chairs" / "all_chair_names.mat").write_bytes(b"no picture")
    return folder


def tar(folder: Path) -> Path:
    with tarfile.open(folder / "rendered_chairs.tar", "w") as archive:
        for model, name, contents in reversed(views()):
            member = tarfile.TarInfo(f"rendered_chairs/{model}/renders/{name}")
            member.size = len(contents)
            archive.addfile(member, io.BytesIO(contents))
    return folder


def flat(folder: Path) -> Path:
    (folder / "3DChairs" / "images").mkdir(parents=True)
    for i, (_, name, contents) in enumerate(views()):
        # 62 numbers for each model, of which only some are here; within it in the order of the original script, any.
        count = 1 + i // 6 * VIEWS + (7 * i) % 6
        (folder / "3DChairs" / "images" / f"{count}_{name}").write_bytes(contents)
    return folder


@pytest.mark.parametrize("make", [tree, tar, flat])
def test_every_layout_gives_the_same_grid(tmp_path, make):
    data = load(make(tmp_path), Chairs3DConfig())
    assert (data.name, data.shape) == ("chairs3d", (1, 64, 64))
    assert (data.images(torch.arange(COUNT)) * 255).round()[:, 0, 5, 5].tolist() == list(range(COUNT))
    assert data.factors == FactorSpace(("model", "elevation", "azimuth"), (3, 2, 3))
    assert load(tmp_path, Chairs3DConfig(channels=3, crop=300)).shape == (3, 64, 64)


def test_the_whole_set_is_a_grid():
    assert CHAIRS3D.images == 1393 * 62
    names = [
        f"rendered_chairs/{model:032x}/renders/image_{32 * e + a + 1:03}_p{p:03}_t{360 * (a + 1) // 31:03}_r096.png"
        for model in range(1393)
        for e, p in enumerate(ELEVATIONS)
        for a in range(31)
    ]
    assert sort(names[::-1]) == names
    factors = factors_of(names)
    assert isinstance(factors, FactorSpace)
    assert factors == FactorSpace.parse(CHAIRS3D.factors)
    assert factors.index(np.array([1, 1, 20])) == 62 + 31 + 20
    assert "image_053_p030_t243_r096" in names[62 + 31 + 20]


def test_an_incomplete_tree_is_refused_or_has_a_table_of_factors(tmp_path):
    tree(tmp_path)
    (tmp_path / "rendered_chairs" / "2b" / "renders" / "image_002_p020_t104_r096.png").unlink()
    with pytest.raises(DevalError, match=r"received 17 pictures .*, expected 18; .*chairs3d\?partial=true"):
        load(tmp_path, Chairs3DConfig())
    data = load(tmp_path, Chairs3DConfig(partial=True))
    assert isinstance(data.factors, FactorTable)
    assert data.factors.sizes == (3, 2, 3)
    assert data.factors.classes(np.array([6, 7])).tolist() == [[1, 0, 0], [1, 0, 2]]
    index = torch.tensor([6, 7])
    assert (data.images(index) * 255).round()[:, 0, 0, 0].tolist() == [6, 8]


def test_a_picture_left_out_leaves_its_factors_out(tmp_path):
    tree(tmp_path)
    (tmp_path / "rendered_chairs" / "1a6f615e8b1b5ae4dbbc9440457e303e" / "renders").joinpath(
        "image_001_p020_t011_r096.png"
    ).write_bytes(b"")
    for _ in range(2):
        data = load(tmp_path, Chairs3DConfig(skip_unreadable=True))
        assert isinstance(data.factors, FactorTable)
        assert (len(data), data.factors.classes(np.array(0)).tolist()) == (17, [0, 0, 1])


@pytest.mark.parametrize(
    "names",
    [
        ["renders/x.png", "m/renders/image_001_p020_t011_r096.png"],
        ["1_image_001_p020_t011_r096.png", "2_image_001_p020_t011_r096.png"],
    ],
)
def test_there_are_no_factors_where_names_do_not_tell_them_apart(names):
    assert factors_of(sort(names)) is None
