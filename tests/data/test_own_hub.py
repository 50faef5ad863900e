"""`hf:NAME` through a stand-in for the library `datasets`, since the real one wants a network."""

from __future__ import annotations

import sys
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest
import torch
from PIL import Image

from disentangle_eval.config import build
from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.data.own import hub
from disentangle_eval.data.own.config import HubConfig
from disentangle_eval.data.sets import own_data
from disentangle_eval.errors import DevalError, UsageError

HUB = next(spec for spec in own_data.DATASETS if spec.name == "hf")

LIBRARY = """
    TABLES = {}


    class Rows:
        def __init__(self, table):
            self.table = table

        @property
        def column_names(self):
            return list(self.table)

        def __len__(self):
            return len(next(iter(self.table.values())))

        def select_columns(self, names):
            return Rows({name: self.table[name] for name in names})

        def __getitem__(self, rows):
            return {name: column[rows] for name, column in self.table.items()}


    def load_dataset(path, name=None, *, split):
        if (path, name, split) not in TABLES:
            raise ValueError(f'Unknown split "{split}".')
        return Rows(TABLES[path, name, split])
"""

LEVELS = np.random.default_rng(0).integers(256, size=(6, 4, 4), dtype=np.uint8)
GREY = [Image.fromarray(levels) for levels in LEVELS]
LABELS = [0, 1, 2, 0, 1, 2]


@pytest.fixture
def tables(tmp_path, monkeypatch):
    """What the stand-in finds, by name, configuration and split."""
    (tmp_path / "datasets.py").write_text(dedent(LIBRARY))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "datasets", raising=False)
    import datasets

    yield datasets.TABLES
    del sys.modules["datasets"]


def load(name: str = "digits", **settings: str):
    return hub.load(HUB, Path(name), build(HubConfig, settings))


def shown(data) -> np.ndarray:
    return (data.images(torch.arange(len(data))) * 255).round().numpy().astype(np.uint8)


def test_images_with_classes(tables, monkeypatch):
    monkeypatch.setattr(hub, "_ROWS_AT_ONCE", 4)
    tables["digits", None, "train"] = {"image": GREY, "label": LABELS, "note": ["?"] * 6}
    data = load()
    assert (data.name, data.shape, data.factors) == ("hf@digits", (1, 4, 4), None)
    assert data.labels.tolist() == LABELS
    np.testing.assert_array_equal(shown(data)[:, 0], LEVELS)
    assert load(label="").labels is None


def test_split_configuration_and_columns_are_settings(tables):
    columns = {"img": GREY, "size": [0.5, 0.5, 1.0, 1.0, 2.0, 2.0], "x": [1, 0, 1, 0, 1, 0]}
    tables["me/shapes", "small", "test[:6]"] = columns
    data = load("me/shapes", subset="small", split="test[:6]", image="img", factors="size, x")
    assert data.factors == FactorSpace(("size", "x"), (3, 2))
    np.testing.assert_array_equal(shown(data)[:, 0], LEVELS[[1, 0, 3, 2, 5, 4]])


@pytest.mark.parametrize("mode", ["P", "RGBA", "RGB"])
def test_colour_palettes_and_transparency_become_rgb(tables, mode):
    colours = [Image.new("RGB", (4, 4), (200, 10 * i, 0)) for i in range(6)]
    tables["digits", None, "train"] = {"image": [picture.convert(mode) for picture in colours]}
    data = load()
    assert data.shape == (3, 4, 4)
    if mode != "P":
        assert shown(data)[:, :, 0, 0].tolist() == [[200, 10 * i, 0] for i in range(6)]


def test_images_may_be_nested_lists(tables):
    tables["digits", None, "train"] = {"image": LEVELS.tolist()}
    np.testing.assert_array_equal(shown(load())[:, 0], LEVELS)


@pytest.mark.parametrize(
    ("table", "settings", "said"),
    [
        ({"image": GREY}, {"split": "tset"}, 'not loaded: ValueError: Unknown split "tset"'),
        ({"img": GREY, "label": LABELS}, {}, "received the columns img, label, expected image; name yours"),
        ({"image": GREY}, {"label": "class"}, "expected class; name yours"),
        ({"image": GREY}, {"factors": "x"}, "expected x; name yours"),
        ({"image": []}, {}, "received no rows"),
        ({"image": [*GREY[:5], Image.new("L", (5, 4))]}, {}, r"shapes \(4, 4\) and \(4, 5\), expected one"),
        ({"image": [*GREY[:5], Image.new("RGB", (4, 4))]}, {}, r"shapes \(4, 4\) and \(4, 4, 3\), expected one"),
        ({"image": ["a.png"] * 6}, {}, "images: received <U5"),
        ({"image": GREY, "label": [None] * 6}, {}, "labels: received object"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(tables, table, settings, said):
    tables["digits", None, "train"] = table
    with pytest.raises(UsageError, match=said) as caught:
        load(**settings)
    assert str(caught.value).startswith("dataset 'hf:digits': ")
    assert "\n" not in str(caught.value)


def test_an_image_that_cannot_be_decoded_is_an_error_of_the_data(tables):
    class Damaged(list):
        def __getitem__(self, rows):
            raise OSError("image file is truncated")

    tables["digits", None, "train"] = {"image": Damaged(GREY)}
    with pytest.raises(DevalError, match="received OSError: image file is truncated, expected readable images"):
        load()


def test_without_the_library_it_is_said_how_to_get_it(monkeypatch, tmp_path):
    expected = 'the library datasets is not installed; type: pip install "disentangle-eval\\[hf\\]"'
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(UsageError, match=expected):
        load()
    monkeypatch.delitem(sys.modules, "datasets")
    (tmp_path / "datasets").mkdir()  # a folder of the user's, which Python takes for a module without contents
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UsageError, match=expected):
        load()
    sys.modules.pop("datasets", None)
