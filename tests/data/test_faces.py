"""The rendered faces from small tensors of the same form, a grid of 24 images in place of 127,050."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.data.sets import faces
from disentangle_eval.errors import DevalError, UsageError

GRID = FactorSpace(faces.FACTORS.names, (2, 3, 2, 2))
PIXELS = torch.from_numpy(np.random.default_rng(0).integers(256, size=(2, 3, 2, 2, 64, 64), dtype=np.uint8))


@pytest.fixture(autouse=True)
def _cache(monkeypatch, tmp_path):
    monkeypatch.setenv("DEVAL_CACHE", str(tmp_path / "cache"))


def write(folder: Path, contents: object, **options) -> Path:
    path = folder / "faces" / "basel_face_renders.pth"
    path.parent.mkdir(exist_ok=True)
    torch.save(contents, path, **options)
    return path


@pytest.mark.parametrize("shape", [(2, 3, 2, 2, 64, 64), (24, 64, 64), (24, 1, 64, 64), (24, 4096)])
@pytest.mark.parametrize("zipped", [True, False])
def test_images_are_read_in_the_order_of_the_grid(tmp_path, monkeypatch, shape, zipped):
    monkeypatch.setattr(faces, "images_at_once", lambda shape: 5)
    write(tmp_path, PIXELS.reshape(shape).clone(), _use_new_zipfile_serialization=zipped)
    data = faces.load(tmp_path, GRID)
    assert (data.name, data.shape, data.factors) == ("faces", (1, 64, 64), GRID)
    index = GRID.index(np.array([[1, 2, 0, 1], [0, 1, 1, 0]]))
    np.testing.assert_array_equal(data.images(torch.from_numpy(index))[0, 0] * 255, PIXELS[1, 2, 0, 1])
    np.testing.assert_array_equal(data.images(torch.from_numpy(index))[1, 0] * 255, PIXELS[0, 1, 1, 0])


def test_the_whole_grid_is_the_published_one():
    assert len(faces.FACTORS) == 127_050
    assert faces.FACTORS.index(np.array([49, 20, 9, 8])) == ((49 * 21 + 20) * 11 + 9) * 11 + 8


class Bomb:
    def __reduce__(self):
        return pytest.fail, ("the file was unpickled",)


@pytest.mark.parametrize(
    ("contents", "told"),
    [
        (PIXELS.float(), "torch.float32 of shape"),
        (PIXELS[:1], r"torch.uint8 of shape \(1, 3, 2, 2, 64, 64\)"),
        (PIXELS.reshape(12, 128, 64), r"torch.uint8 of shape \(12, 128, 64\)"),
        ([PIXELS], "list"),
        (Bomb(), "UnpicklingError"),
    ],
)
def test_other_contents_are_refused(tmp_path, contents, told):
    write(tmp_path, contents)
    with pytest.raises(DevalError, match=rf"basel_face_renders\.pth: received {told}[^\n]*, expected a tensor[^\n]*$"):
        faces.load(tmp_path, GRID)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("keep", [0, 100, 50_000])
def test_a_truncated_file_is_told_in_one_line(tmp_path, zipped, keep):
    path = write(tmp_path, PIXELS, _use_new_zipfile_serialization=zipped)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DevalError, match=r"^[^\n]*basel_face_renders\.pth: received [^\n]*$"):
        faces.load(tmp_path, GRID)


def test_a_missing_file_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="dataset 'faces': received"):
        faces.load(tmp_path)
