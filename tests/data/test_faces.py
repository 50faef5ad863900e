"""The rendered faces from small tensors of the same form, a grid of 24 images in place of 127,050."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.data.files import prepared
from disentangle_eval.data.sets.faces import DATASETS
from disentangle_eval.data.sets.faces.config import FacesConfig
from disentangle_eval.data.sets.faces.loading import load
from disentangle_eval.errors import DevalError, UsageError

(FACES,) = DATASETS
WHOLE = FactorSpace.parse(FACES.factors)
GRID = FactorSpace(WHOLE.names, (2, 3, 2, 2))
SMALL = replace(FACES, images=24, factors="identity 2, azimuth 3, elevation 2, lighting 2")
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
    monkeypatch.setattr(prepared, "_BYTES_AT_ONCE", 5 * 64 * 64)
    write(tmp_path, PIXELS.reshape(shape).clone(), _use_new_zipfile_serialization=zipped)
    data = load(SMALL, tmp_path, FacesConfig())
    assert (data.name, data.shape, data.factors) == ("faces", (1, 64, 64), GRID)
    index = GRID.index(np.array([[1, 2, 0, 1], [0, 1, 1, 0]]))
    np.testing.assert_array_equal(data.images(torch.from_numpy(index))[0, 0] * 255, PIXELS[1, 2, 0, 1])
    np.testing.assert_array_equal(data.images(torch.from_numpy(index))[1, 0] * 255, PIXELS[0, 1, 1, 0])


def test_at_32_pixels_every_image_is_the_mean_of_four(tmp_path):
    write(tmp_path, PIXELS)
    data = load(SMALL, tmp_path, FacesConfig(size="32"))
    assert data.shape == (1, 32, 32)
    expected = PIXELS[0, 0, 0, 0].double().reshape(32, 2, 32, 2).mean(dim=(1, 3))
    np.testing.assert_allclose(data.images(torch.tensor([0]))[0, 0] * 255, expected, atol=0.5)


def test_the_whole_grid_is_the_published_one():
    assert len(WHOLE) == 127_050
    assert WHOLE.index(np.array([49, 20, 9, 8])) == ((49 * 21 + 20) * 11 + 9) * 11 + 8


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
        load(SMALL, tmp_path, FacesConfig())


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("keep", [0, 100, 50_000])
def test_a_truncated_file_is_told_in_one_line(tmp_path, zipped, keep):
    path = write(tmp_path, PIXELS, _use_new_zipfile_serialization=zipped)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DevalError, match=r"^[^\n]*basel_face_renders\.pth: received [^\n]*$"):
        load(SMALL, tmp_path, FacesConfig())


def test_a_missing_file_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="dataset 'faces': received"):
        load(FACES, tmp_path, FacesConfig())
