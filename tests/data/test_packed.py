"""Data sets as one HDF5 file: what is written, that it reads back the same, and what is refused."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from disentangle_eval.api import FactorGrid, ImageShape
from disentangle_eval.data import packed
from disentangle_eval.data.dataset import ImageDataset
from disentangle_eval.data.factor_table import FactorTable
from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.data.images import BitImages, ByteImages
from disentangle_eval.data.own import hdf5
from disentangle_eval.data.own.config import ArrayConfig
from disentangle_eval.data.packed import write_packed
from disentangle_eval.data.sets import own_data
from disentangle_eval.errors import DevalError, DevalWarning, UsageError

OWN = {spec.name: spec for spec in own_data.DATASETS}

PIXELS = np.random.default_rng(0).integers(256, size=(12, 3, 5, 6), dtype=np.uint8)
BITS = np.random.default_rng(1).integers(256, size=(12, 3), dtype=np.uint8) & np.array([255, 255, 0b11110000], np.uint8)
GRID = FactorSpace(("shape", "größe"), (3, 4))
TABLE = FactorTable(("a", "b"), np.array([[0, 2], [4, 0]] * 6))
VALUED_GRID = FactorSpace(GRID.names, GRID.sizes, GRID.classes(np.arange(12)) ** 2.5)
VALUED_TABLE = FactorTable(TABLE.names, TABLE.table, TABLE.table / 3)
SOURCE = {"source": "toy?size=5", "made_by": "disentangle-eval 0"}
EVERY = torch.arange(12)


def toy(store=None, factors=None, labels=None) -> ImageDataset:
    store = store or ByteImages(torch.from_numpy(PIXELS))
    stored = store.packed if isinstance(store, BitImages) else store.pixels
    return ImageDataset("toy@drawn", hashlib.sha256(stored.numpy().data).hexdigest(), store, factors, labels)


def load(path: Path) -> ImageDataset:
    return hdf5.load(OWN["h5"], path, ArrayConfig())


@pytest.mark.parametrize("factors", [None, GRID, TABLE, VALUED_GRID, VALUED_TABLE])
@pytest.mark.parametrize("labels", [None, np.arange(12) % 3])
@pytest.mark.parametrize("blocks", [7, 1 << 22])
def test_a_packed_data_set_reads_back_the_same(tmp_path, monkeypatch, factors, labels, blocks):
    monkeypatch.setattr(packed, "_BLOCK_BYTES", blocks)
    data = toy(factors=factors, labels=labels)
    write_packed(tmp_path / "toy.h5", data, SOURCE)
    back = load(tmp_path / "toy.h5")
    assert (back.name, back.sha256, back.shape) == ("toy@drawn (packed)", data.sha256, data.shape)
    assert torch.equal(back.images(EVERY), data.images(EVERY))
    np.testing.assert_array_equal(back.labels, labels)
    assert type(back.factors) is type(factors)
    if factors is not None:
        assert (back.factors.names, back.factors.sizes) == (factors.names, factors.sizes)
        np.testing.assert_array_equal(back.factors.classes(np.arange(12)), factors.classes(np.arange(12)))
        np.testing.assert_array_equal(back.factors.values, factors.values)


class Reversed:
    """A grid of a stranger's making, in which the first image shows the last combination."""

    names, sizes = ("shape", "x"), (3, 4)

    def __len__(self) -> int:
        return 12

    def classes(self, index: np.ndarray) -> np.ndarray:
        return np.stack(np.divmod(11 - np.asarray(index), 4), axis=-1)

    def index(self, classes: np.ndarray) -> np.ndarray:
        return 11 - classes[..., 0] * 4 - classes[..., 1]


class InOrder(Reversed):
    def classes(self, index: np.ndarray) -> np.ndarray:
        return super().classes(11 - np.asarray(index))

    def index(self, classes: np.ndarray) -> np.ndarray:
        return 11 - super().index(classes)


@pytest.mark.parametrize("grid", [InOrder(), Reversed()])
def test_a_grid_of_any_class_and_order_reads_back_as_a_grid(tmp_path, grid):
    write_packed(tmp_path / "toy.h5", toy(factors=grid), SOURCE)
    back = load(tmp_path / "toy.h5").factors
    assert isinstance(back, FactorGrid)
    assert (back.names, back.sizes) == (grid.names, grid.sizes)
    classes = grid.classes(np.arange(12))
    np.testing.assert_array_equal(back.classes(np.arange(12)), classes)
    np.testing.assert_array_equal(back.index(classes), np.arange(12))


def test_bits_stay_bits_and_any_hdf5_reader_understands_the_file(tmp_path):
    bits = toy(BitImages(torch.from_numpy(BITS), ImageShape(1, 4, 5)))
    write_packed(tmp_path / "bits.h5", bits, SOURCE)
    back = load(tmp_path / "bits.h5")
    assert back.sha256 == bits.sha256
    assert torch.equal(back.images(EVERY), bits.images(EVERY))
    write_packed(tmp_path / "bytes.h5", toy(), SOURCE)
    with h5py.File(tmp_path / "bits.h5") as file, h5py.File(tmp_path / "bytes.h5") as other:
        np.testing.assert_array_equal(file["bits"], BITS)
        np.testing.assert_array_equal(other["images"], PIXELS)
        assert other["images"].compression is None
        assert other.attrs["sha256"] == hashlib.sha256(PIXELS.tobytes()).hexdigest()
        assert (other.attrs["format"], other.attrs["version"]) == ("disentangle-eval images", 1)
        assert dict(other["provenance"].attrs) == {**SOURCE, "sha256": toy().sha256}


class Computed(ImageDataset):
    """A data set whose images are made when asked for."""

    def images(self, index):
        return super().images(index).flip(-1) ** 2


def test_computed_images_are_rounded_and_become_bits_where_they_are_black_and_white(tmp_path, monkeypatch):
    monkeypatch.setattr(packed, "_PIXELS_AT_ONCE", 200)
    grey = Computed("computed", "0" * 64, ByteImages(torch.from_numpy(PIXELS)))
    write_packed(tmp_path / "grey.h5", grey, SOURCE)
    expected = (255 * grey.images(EVERY)).round() / 255
    assert torch.equal(load(tmp_path / "grey.h5").images(EVERY), expected)
    white = Computed("computed", "0" * 64, ByteImages(torch.from_numpy(PIXELS // 128 * 255)))
    write_packed(tmp_path / "white.h5", white, SOURCE)
    back = load(tmp_path / "white.h5")
    assert isinstance(back.store, BitImages)
    assert torch.equal(back.images(EVERY), white.images(EVERY))


def test_the_images_of_a_packed_file_are_mapped_not_read(tmp_path):
    write_packed(tmp_path / "toy.h5", toy(), SOURCE)
    with h5py.File(tmp_path / "toy.h5") as file:
        assert isinstance(packed._mapped(tmp_path / "toy.h5", file["images"]).base, np.memmap)


def test_a_file_that_another_tool_compressed_is_still_read_and_verified(tmp_path):
    write_packed(tmp_path / "toy.h5", toy(labels=np.arange(12)), SOURCE)
    with h5py.File(tmp_path / "toy.h5") as file, h5py.File(tmp_path / "small.h5", "w") as small:
        for key, value in file.attrs.items():
            small.attrs[key] = value
        small.create_dataset("images", data=file["images"][()], chunks=(5, 3, 5, 6), compression="gzip")
        file.copy("labels", small)
        file.copy("provenance", small)
    assert torch.equal(load(tmp_path / "small.h5").images(EVERY), toy().images(EVERY))


def test_the_same_data_make_the_same_file(tmp_path):
    for name in ("a.h5", "b.h5"):
        write_packed(tmp_path / name, toy(factors=GRID, labels=np.arange(12)), SOURCE)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def refusal(path: Path) -> str:
    with pytest.raises(DevalError) as caught:
        load(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_damaged_files_are_refused(tmp_path):
    path = tmp_path / "toy.h5"
    write_packed(path, toy(factors=GRID), SOURCE)
    whole = path.read_bytes()
    at = whole.index(PIXELS.tobytes()) + 100
    path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    assert "the file is damaged, pack it again" in refusal(path)
    path.write_bytes(whole[: len(whole) // 2])
    assert "expected a whole HDF5 file" in refusal(path)
    path.write_bytes(b"")
    refusal(path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda file: file.attrs.modify("version", 2), "received version 2 of the format, expected 1"),
        (lambda file: file.attrs.modify("image_shape", (3, 5, 5)), "expected"),
        (lambda file: file.attrs.__delitem__("sha256"), "sha256"),
        (lambda file: file.__delitem__("images"), "images"),
        (lambda file: file["factor_sizes"].write_direct(np.array([3, 5])), "images for the factors"),
    ],
)
def test_files_with_wrong_parts_are_refused(tmp_path, change, said):
    write_packed(tmp_path / "toy.h5", toy(factors=GRID), SOURCE)
    with h5py.File(tmp_path / "toy.h5", "r+") as file:
        change(file)
    assert said in refusal(tmp_path / "toy.h5")


@pytest.mark.parametrize(
    "change",
    [
        lambda file: file["labels"].write_direct(np.arange(12)[::-1].copy()),
        lambda file: file["factor_names"].write_direct(np.array([b"shape", b"colour"], dtype=object)),
        lambda file: file.attrs.modify("name", "another"),
        lambda file: file["provenance"].attrs.modify("sha256", "0" * 64),
    ],
)
def test_labels_names_and_attributes_count_as_much_as_images(tmp_path, change):
    write_packed(tmp_path / "toy.h5", toy(factors=GRID, labels=np.arange(12)), SOURCE)
    with h5py.File(tmp_path / "toy.h5", "r+") as file:
        change(file)
    assert "the checksum differs" in refusal(tmp_path / "toy.h5")


def test_a_file_of_an_earlier_version_is_read_with_a_note(tmp_path):
    write_packed(tmp_path / "toy.h5", toy(labels=np.arange(12)), SOURCE)
    with h5py.File(tmp_path / "toy.h5", "r+") as file:
        del file.attrs["sha256_of_the_rest"]
    with pytest.warns(DevalWarning, match="carries no checksum of its labels"):
        load(tmp_path / "toy.h5")


def test_settings_have_no_meaning_for_a_packed_file(tmp_path):
    write_packed(tmp_path / "toy.h5", toy(), SOURCE)
    with pytest.raises(UsageError, match="received the settings bins, but deval data pack wrote it"):
        hdf5.load(OWN["h5"], tmp_path / "toy.h5", ArrayConfig(bins=5))


class Broken(Computed):
    """A data set whose last images cannot be had."""

    def images(self, index):
        if 11 in index:
            raise DevalError("the disk is gone")
        return super().images(index)


def test_a_failure_leaves_the_folder_as_it_was(tmp_path, monkeypatch):
    monkeypatch.setattr(packed, "_PIXELS_AT_ONCE", 200)
    (tmp_path / "toy.h5").write_bytes(b"before")
    with pytest.raises(DevalError, match="the disk is gone"):
        write_packed(tmp_path / "toy.h5", Broken("broken", "0" * 64, ByteImages(torch.from_numpy(PIXELS))), SOURCE)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("toy.h5", b"before")]


def test_a_data_set_larger_than_the_disk_is_refused_at_once(tmp_path):
    huge = replace(toy(), store=ByteImages(torch.empty(1, 3, 64, 64, dtype=torch.uint8).expand(1 << 40, -1, -1, -1)))
    with pytest.raises(DevalError, match=r"MiB free, expected at least \d+ MiB; choose another folder"):
        write_packed(tmp_path / "toy.h5", huge, SOURCE)
    assert not list(tmp_path.iterdir())


CHILD = """
import os, resource, signal, sys, numpy, torch
from pathlib import Path
from disentangle_eval.data import ByteImages, ImageDataset
from disentangle_eval.data.packed import write_packed
from disentangle_eval.errors import DevalError

class Slow(ImageDataset):
    def images(self, index):
        if "kill" in sys.argv and len(list(Path(".").iterdir())) and int(index[0]) > 900:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().images(index)

if "full" in sys.argv:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
pixels = torch.from_numpy(numpy.random.default_rng(0).integers(256, size=(1000, 3, 64, 64), dtype=numpy.uint8))
try:
    write_packed(Path("toy.h5"), Slow("slow", "0" * 64, ByteImages(pixels)), {})
except DevalError as error:
    sys.exit(f"refused: {error}")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no such limits there")
def test_a_full_disk_is_told_and_a_killed_process_leaves_the_name_free(tmp_path):
    path = os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path if entry)

    def run(how: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", CHILD, how]
        environment = {**os.environ, "PYTHONPATH": path}
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    full = run("full")
    assert full.returncode == 1
    assert full.stderr.startswith("refused: cannot write 'toy.h5': the file would exceed the size allowed here")
    assert not list(tmp_path.iterdir())
    assert run("kill").returncode == -signal.SIGKILL
    assert not (tmp_path / "toy.h5").exists()
