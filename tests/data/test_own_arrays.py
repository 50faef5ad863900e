"""Users' arrays in npz and HDF5 files: every form of images, every case of factors, and what is refused."""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from disentangle_eval.config import build
from disentangle_eval.data.factor_table import FactorTable
from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.data.images import BitImages, ByteImages
from disentangle_eval.data.own import hdf5, npz, pixels
from disentangle_eval.data.own.config import ArrayConfig
from disentangle_eval.data.own.known import known_of
from disentangle_eval.data.sets import own_data
from disentangle_eval.errors import DevalError, DevalWarning, UsageError

OWN = {spec.name: spec for spec in own_data.DATASETS}
load_npz, load_h5 = partial(npz.load, OWN["npz"]), partial(hdf5.load, OWN["h5"])

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(256, size=(12, 3, 4, 5), dtype=np.uint8)
GREY = IMAGES[:, 0]
CLASSES = FactorSpace(("a", "b"), (3, 4)).classes(np.arange(12))
VALUES = np.stack([CLASSES[:, 0] * 0.5 - 1, CLASSES[:, 1] * 10], axis=1)
SHUFFLED = RANDOM.permutation(12)
GRID = FactorSpace(("factor0", "factor1"), (3, 4))


def npz_of(folder: Path, **arrays: object) -> Path:
    np.savez_compressed(folder / "own.npz", **arrays)
    return folder / "own.npz"


def h5_of(folder: Path, **arrays: object) -> Path:
    with h5py.File(folder / "own.h5", "w") as file:
        for key, values in arrays.items():
            texts = isinstance(values, np.ndarray) and values.dtype.kind == "U"
            file[key] = [str(text) for text in values] if texts else values
    return folder / "own.h5"


@pytest.fixture(params=["npz", "h5"])
def own(request, tmp_path):
    """`own({"bins": 3}, images=...)`: the data set of arrays in a file, with settings."""

    def load(settings=None, **arrays):
        cfg = build(ArrayConfig, settings or {})
        return load_npz(npz_of(tmp_path, **arrays), cfg) if is_npz else load_h5(h5_of(tmp_path, **arrays), cfg)

    is_npz = request.param == "npz"
    return load


def shown(data) -> np.ndarray:
    return (data.images(torch.arange(len(data))) * 255).round().numpy().astype(np.uint8)


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        (IMAGES, IMAGES),
        (IMAGES.transpose(0, 2, 3, 1).copy(), IMAGES),
        (GREY, GREY[:, None]),
        (GREY[:, None], GREY[:, None]),
        (GREY[..., None], GREY[:, None]),
        ((IMAGES / 255).astype(np.float32), IMAGES),
        (GREY / 255, GREY[:, None]),
        ((GREY / 255).astype(np.float16), GREY[:, None]),
    ],
)
def test_images_come_in_any_usual_form(own, images, expected):
    data = own(images=images)
    assert isinstance(data.store, ByteImages)
    np.testing.assert_array_equal(shown(data), expected)
    assert data.sha256 == hashlib.sha256(expected.tobytes()).hexdigest()
    assert (data.name.partition("@")[2][:4], data.factors, data.labels) == ("own.", None, None)


@pytest.mark.parametrize("white", [np.uint8(255), np.uint8(1), np.True_, np.float32(1)])
def test_black_and_white_images_are_kept_as_bits(own, white):
    data = own(images=np.where(GREY > 99, white, np.zeros_like(white)))
    assert isinstance(data.store, BitImages)
    np.testing.assert_array_equal(shown(data), (GREY[:, None] > 99) * 255)


def test_dark_floats_stay_dark(own):
    np.testing.assert_array_equal(shown(own(images=(GREY > 99) / 255)), GREY[:, None] > 99)


def test_the_sizes_of_a_grid(own):
    data = own(images=GREY, factor_sizes=np.array([3, 4]), factor_names=np.array(["größe", "x"]), labels=np.arange(12))
    assert data.factors == FactorSpace(("größe", "x"), (3, 4))
    assert data.labels.tolist() == list(range(12))


def test_rows_that_are_a_whole_grid_become_one_in_order(own):
    data = own(images=GREY[SHUFFLED], factors=VALUES[SHUFFLED], labels=np.arange(12)[SHUFFLED])
    assert data.factors == GRID
    np.testing.assert_array_equal(shown(data), GREY[:, None])
    assert data.labels.tolist() == list(range(12))
    in_order = own(images=GREY, factors=VALUES)
    assert in_order.factors == GRID
    assert data.sha256 == in_order.sha256 == hashlib.sha256(GREY.tobytes()).hexdigest()


def test_images_are_put_in_order_across_batches(tmp_path, monkeypatch):
    monkeypatch.setattr(npz, "_BYTES_AT_ONCE", 70)
    monkeypatch.setattr(hdf5, "_BYTES_AT_ONCE", 70)
    monkeypatch.setattr(pixels, "_IMAGES_AT_ONCE", 5)
    arrays = {"images": GREY[SHUFFLED], "factors": VALUES[SHUFFLED]}
    for data in (
        load_npz(npz_of(tmp_path, **arrays), ArrayConfig()),
        load_h5(h5_of(tmp_path, **arrays), ArrayConfig()),
    ):
        np.testing.assert_array_equal(shown(data), GREY[:, None])


@pytest.mark.parametrize("rows", [SHUFFLED[:11], np.array([*SHUFFLED[:11], SHUFFLED[0]])])
def test_rows_that_miss_or_repeat_a_combination_stay_a_table_in_their_order(own, rows):
    data = own(images=GREY[rows], factors=VALUES[rows])
    assert isinstance(data.factors, FactorTable)
    assert data.factors.sizes == (3, 4)
    np.testing.assert_array_equal(data.factors.classes(np.arange(len(rows))), CLASSES[rows])
    np.testing.assert_array_equal(shown(data), GREY[rows][:, None])


MANY = RANDOM.integers(256, size=(200, 4, 4), dtype=np.uint8)
ANGLE = RANDOM.uniform(size=200)


def test_continuous_factors_are_cut_into_classes_of_equally_many_images(own):
    factors = np.stack([ANGLE**4, np.arange(200), np.arange(200) % 7 / 2], axis=1)
    with pytest.raises(
        UsageError,
        match=r"'factor0': received 200 different values in 200 images.* bins=20 as a setting of the data set",
    ):
        own(images=MANY, factors=factors)
    data = own({"bins": "20"}, images=MANY, factors=factors)
    assert data.factors.sizes == (20, 200, 7)
    classes = data.factors.classes(np.arange(200))
    assert np.bincount(classes[:, 0]).tolist() == [10] * 20
    assert (np.diff(classes[np.argsort(ANGLE), 0]) >= 0).all()


def test_tied_values_share_a_class(own):
    data = own({"bins": 4}, images=MANY, factors=np.where(ANGLE < 0.9, 0.5, ANGLE))
    assert data.factors.sizes < (4,)
    assert len(np.unique(data.factors.classes(np.arange(200))[ANGLE < 0.9])) == 1


def test_texts_are_classes_in_alphabetical_order(own):
    assert own(images=GREY, labels=np.array(["dog", "cat", "eel"] * 4)).labels.tolist() == [1, 0, 2] * 4


def test_arrays_of_other_names_are_named_by_settings(own):
    arrays = {"imgs": GREY, "labels": VALUES, "images": MANY}
    data = own({"images": "imgs", "factors": "labels"}, **arrays)
    assert (data.factors, data.labels) == (GRID, None)
    assert own({"images": "imgs", "labels": ""}, **arrays).factors is None
    with pytest.raises(UsageError, match="received images, imgs, labels, expected classes; name yours, as in"):
        own({"images": "imgs", "factors": "classes"}, **arrays)


def test_arrays_in_groups_of_an_hdf5_file_are_found_by_their_path(tmp_path):
    path = h5_of(tmp_path, **{"train/x": GREY, "train/y": np.arange(12)})
    data = load_h5(path, ArrayConfig(images="train/x", labels="train/y"))
    assert data.labels.tolist() == list(range(12))
    with pytest.raises(UsageError, match="received no arrays, expected train; name yours"):
        load_h5(path, ArrayConfig(images="train"))


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"images": GREY.astype(np.int64)}, r"images: received int64 of shape \(12, 4, 5\), expected \(N, H, W\)"),
        ({"images": IMAGES[:, :2]}, r"shape \(12, 2, 4, 5\), expected"),
        ({"images": IMAGES[:, :1, :, :3]}, "may be either"),
        ({"images": GREY[0]}, "expected"),
        ({"images": GREY[:0]}, "expected"),
        ({"images": GREY.astype(np.float32)}, "received floats from 0 to 255, expected 0 to 1"),
        ({"images": np.where(GREY > 9, np.nan, 0)}, "received floats from nan to nan"),
        ({"imgs": GREY}, "received imgs, expected images; name yours, as in images=KEY"),
        ({"images": GREY, "factor_sizes": np.array([3, 5])}, "received 3 x 5 = 15 combinations for 12 images"),
        ({"images": GREY, "factor_sizes": np.array([3.0, 4.0])}, "expected a list of integers from 1"),
        ({"images": GREY, "factor_sizes": np.array([3, 4]), "factors": 0 * VALUES}, "expected one of them"),
        ({"images": GREY, "factors": VALUES[1:]}, r"factors: received float64 of shape \(11, 2\)"),
        ({"images": GREY, "factors": np.full((12, 2), np.inf)}, "received NaN or infinity"),
        ({"images": GREY, "factors": VALUES, "factor_names": np.array(["a"])}, "one per factor"),
        ({"images": GREY, "labels": VALUES}, "for factors write factors=KEY"),
        ({"images": GREY, "labels": np.arange(11)}, r"labels: received int64 of shape \(11,\)"),
        ({"images": GREY, "labels": np.arange(12) - 1}, "labels: received -1, expected classes from 0"),
    ],
)
def test_arrays_that_are_no_data_set_are_refused_in_one_line(own, arrays, said):
    with pytest.raises(UsageError, match=said) as caught:
        own(**arrays)
    assert "\n" not in str(caught.value)
    assert "own." in str(caught.value)


@pytest.mark.parametrize("bins", ["1", "-3", "many"])
def test_a_wrong_number_of_bins_is_refused(bins):
    with pytest.raises(UsageError, match="bins"):
        build(ArrayConfig, {"bins": bins})


@pytest.mark.parametrize("load", [load_npz, load_h5])
def test_a_path_that_is_no_file_is_a_usage_error(tmp_path, load):
    for path in (None, tmp_path, tmp_path / "none"):
        with pytest.raises(UsageError, match="which is no file"):
            load(path, ArrayConfig())


def test_damaged_files_are_refused(tmp_path):
    for path, load in ((npz_of(tmp_path, images=GREY), load_npz), (h5_of(tmp_path, images=GREY), load_h5)):
        whole = path.read_bytes()
        for contents in (whole[:-30], whole[: len(whole) // 2], b"", b"neither"):
            path.write_bytes(contents)
            with pytest.raises(DevalError, match="expected a whole") as caught:
                load(path, ArrayConfig())
            assert type(caught.value) is DevalError


def test_an_image_that_changed_in_the_npz_is_noticed(tmp_path):
    np.savez(tmp_path / "own.npz", images=GREY)
    whole = (tmp_path / "own.npz").read_bytes()
    at = whole.index(GREY.tobytes())
    (tmp_path / "own.npz").write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    with pytest.raises(DevalError, match="Bad CRC-32"):
        load_npz(tmp_path / "own.npz", ArrayConfig())


def test_nothing_is_unpickled_and_the_order_of_memory_must_be_that_of_c(tmp_path):
    with pytest.raises(DevalError, match="holds Python objects"):
        load_npz(npz_of(tmp_path, images=GREY, labels=np.array([{}] * 12)), ArrayConfig())
    with pytest.raises(DevalError, match="images holds Python objects"):
        load_npz(npz_of(tmp_path, images=np.array([{}] * 12)), ArrayConfig())
    assert load_npz(npz_of(tmp_path, images=GREY, meta=np.array({})), ArrayConfig()).shape == (1, 4, 5)
    with pytest.raises(UsageError, match="Fortran order"):
        load_npz(npz_of(tmp_path, images=np.asfortranarray(GREY)), ArrayConfig())


def test_large_floating_point_numbers_and_whole_numbers_that_hardly_repeat_are_no_classes_unnoticed():
    times = np.random.default_rng(0).permutation(100)
    with pytest.raises(UsageError, match="received 100 different values in 100 images"):
        known_of({"factors": (1e12 * (times + 0.3)).astype(np.float32)}, 100)
    with pytest.warns(DevalWarning, match="100 whole numbers in 100 images are as many classes"):
        known_of({"factors": np.stack([times, times % 2], axis=1)}, 100)
