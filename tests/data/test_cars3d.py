"""Cars3D from small .mat files of the same form, in a folder or an archive: 2 x 3 views of three cars."""

from __future__ import annotations

import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import torch
from PIL import Image

from disentangle_eval.data.dataset import ImageDataset
from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.data.files.published import checksum
from disentangle_eval.data.sets.cars3d import DATASETS, loading
from disentangle_eval.data.sets.cars3d.loading import load as load_cars
from disentangle_eval.errors import DevalError, UsageError

(CARS3D,) = DATASETS
GRID = FactorSpace(("elevation", "azimuth", "object"), (2, 3, 3))
SMALL = {"spec": replace(CARS3D, factors="elevation 2, azimuth 3, object 3", images=18)}
CARS = {
    f"car_{number:03}_mesh.mat": np.random.default_rng(number).integers(256, size=(128, 128, 3, 3, 2), dtype=np.uint8)
    for number in (20, 3, 100)
}


@pytest.fixture(autouse=True)
def _cache(monkeypatch, tmp_path):
    monkeypatch.setenv("DEVAL_CACHE", str(tmp_path / "cache"))


def write(place: Path, cars: dict[str, np.ndarray] = CARS, variable: str = "im") -> Path:
    place.mkdir(parents=True, exist_ok=True)
    for name, pixels in cars.items():
        mask = np.zeros((128, 128, 3, 2), dtype=np.uint8)
        scipy.io.savemat(place / name, {variable: pixels, "mask": mask}, do_compression=True)
    (place / "list.txt").write_text("\n".join(name.removesuffix(".mat") for name in cars))
    return place


def pack(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The archive, which counts as the authors' own; the files in it are in no order."""
    path = folder / "nips2015-analogy-data.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name in ("list.txt", *CARS):
            archive.add(folder / "unpacked" / name, f"data/cars/{name}")
        archive.add(folder / "unpacked" / "list.txt", "data/sprites/sprite_1.mat")
    expect(path, monkeypatch)
    return path


def expect(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = replace(CARS3D.files[0], checksum=checksum(path, "md5"))
    monkeypatch.setitem(SMALL, "spec", replace(SMALL["spec"], files=(file,)))


def load(folder: Path) -> ImageDataset:
    return load_cars(SMALL["spec"], folder)


def check_images(folder: Path) -> None:
    data = load(folder)
    assert (data.name, data.shape, data.factors) == ("cars3d", (3, 64, 64), GRID)
    images = data.images(torch.arange(18)) * 255
    for car, name in enumerate(sorted(CARS)):
        for elevation in range(2):
            for azimuth in range(3):
                view = Image.fromarray(np.ascontiguousarray(CARS[name][:, :, :, azimuth, elevation]))
                view.thumbnail((64, 64), Image.Resampling.LANCZOS)
                index = (elevation * 3 + azimuth) * 3 + car
                np.testing.assert_array_equal(images[index].permute(1, 2, 0), np.asarray(view))


@pytest.mark.parametrize("place", ["cars", "data/cars"])
def test_a_folder_is_read_in_the_order_of_the_grid(tmp_path, place):
    write(tmp_path / place)
    check_images(tmp_path)


def test_the_archive_is_read_without_being_unpacked(tmp_path, monkeypatch):
    write(tmp_path / "unpacked")
    pack(tmp_path, monkeypatch)
    before = sorted(tmp_path.rglob("*"))
    check_images(tmp_path)
    assert [path for path in sorted(tmp_path.rglob("*")) if path not in before] == [
        tmp_path / "cache",
        tmp_path / "cache" / "cars3d.bytes",
    ]


def test_the_whole_grid_is_the_published_one():
    whole = FactorSpace.parse(CARS3D.factors)
    assert len(whole) == 17_568
    assert whole.index(np.array([3, 22, 181])) == (3 * 24 + 22) * 183 + 181


def test_a_car_that_changed_is_read_again(tmp_path):
    place = write(tmp_path / "cars")
    first = load(tmp_path)
    write(place, {"car_003_mesh.mat": 255 - CARS["car_003_mesh.mat"]})
    assert load(tmp_path).sha256 != first.sha256


def test_a_folder_of_many_cars_is_kept_in_the_cache(tmp_path, monkeypatch):
    for number in range(183):
        write(tmp_path / "cars", {f"car_{number:03}.mat": np.full((128, 128, 3, 1, 1), number, dtype=np.uint8)})
    whole = replace(CARS3D, factors="elevation 1, azimuth 1, object 183", images=183)
    first = load_cars(whole, tmp_path)
    monkeypatch.setattr(loading, "read_images", lambda *arguments: pytest.fail("read again"))
    assert load_cars(whole, tmp_path).sha256 == first.sha256


def refusal(folder: Path) -> str:
    with pytest.raises(DevalError) as caught:
        load(folder)
    assert type(caught.value) is DevalError
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_damaged_and_missing_cars_are_refused(tmp_path):
    place = write(tmp_path / "cars")
    path = place / "car_020_mesh.mat"
    whole = path.read_bytes()
    path.unlink()
    assert f"{place}: received 2 cars, expected 3" in refusal(tmp_path)
    path.write_bytes(whole[:5000])
    assert str(path) in refusal(tmp_path)
    write(place, {path.name: CARS[path.name].astype(np.float64)})
    assert f"{path}: received float64 of shape (128, 128, 3, 3, 2)" in refusal(tmp_path)
    write(place, {path.name: CARS[path.name][..., :1]})
    assert "received uint8 of shape (128, 128, 3, 3, 1)" in refusal(tmp_path)
    write(place, {path.name: CARS[path.name]}, variable="picture")
    assert f"{path}: received no im, expected" in refusal(tmp_path)
    assert not list((tmp_path / "cache").iterdir())


def test_a_damaged_or_other_archive_is_refused(tmp_path, monkeypatch):
    write(tmp_path / "unpacked")
    path = pack(tmp_path, monkeypatch)
    path.write_bytes(path.read_bytes()[:-30_000])
    assert "expected md5:" in refusal(tmp_path)
    expect(path, monkeypatch)
    assert str(path) in refusal(tmp_path)


def test_a_missing_set_is_told_with_what_to_type(tmp_path):
    with pytest.raises(UsageError, match=r"has no nips2015-analogy-data\.tar\.gz; .*deval data fetch cars3d"):
        load(tmp_path)
