"""Tables of codes that are damaged, of another form, or claim more than they hold; codes in the cache folder."""

import logging
import zipfile

import h5py
import numpy as np
import pytest

from disentangle_eval.errors import DevalWarning, UsageError
from disentangle_eval.sources.kept_codes import KeptCodes
from disentangle_eval.sources.tables import read_table, table_on

CODES = np.arange(12.0).reshape(4, 3)


def h5_of(path, **arrays):
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[name] = array
    return path


def npz_of(path, **arrays):
    np.savez(path, **arrays)
    return path


def npy_of(path, array):
    with path.open("wb") as file:
        np.save(file, array)
    return path


def text_of(path, text):
    path.write_text(text)
    return path


def sparse(path):
    with h5py.File(path, "w") as file:
        file.create_dataset("codes", (10**9, 1000), "f8", chunks=(1000, 1000))
    return path


@pytest.mark.parametrize(
    "write",
    [
        lambda path: npz_of(path, codes=CODES),
        lambda path: npz_of(path, anything=CODES),
        lambda path: h5_of(path, codes=CODES, other=CODES[:2]),
        lambda path: h5_of(path, anything=CODES),
        lambda path: npy_of(path, CODES),
        lambda path: text_of(path, "\n".join(" ".join(map(str, row)) for row in CODES)),
        lambda path: text_of(path, "a\tb\tc\n\n" + "\n".join("\t".join(map(str, row)) for row in CODES)),
    ],
)
def test_a_table_is_read_whatever_its_format_and_the_name_of_its_only_array(tmp_path, write):
    path = write(tmp_path / "table.npz")
    np.testing.assert_array_equal(read_table(path)["codes"], CODES)


def test_a_single_column_is_a_code_of_one_dimension(tmp_path):
    assert read_table(npy_of(tmp_path / "a.npy", CODES[:, 0]))["codes"].shape == (4, 1)


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (lambda path: h5_of(path, a=CODES, b=CODES), "the arrays a, b, expected an array named codes, or only one"),
        (lambda path: h5_of(path), "no array at the top of the file, expected an array named codes"),
        (sparse, "cannot be read .*codes claims 8000000000000 bytes"),
        (lambda path: npy_of(path, np.zeros((2, 2, 2))), r"float64 of shape \(2, 2, 2\), expected a table of numbers"),
        (lambda path: npy_of(path, np.array(["a", "b"])), "expected a table of numbers"),
        (lambda path: text_of(path, "1,2\n3\n"), "cannot be read"),
        (lambda path: path.write_bytes(npy_of(path, CODES).read_bytes()[:-8]) and path, "cannot be read"),
    ],
)
def test_what_is_no_table_is_refused_in_one_line(tmp_path, write, said):
    path = write(tmp_path / "table.npy")
    with pytest.raises(UsageError, match=said) as caught:
        read_table(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("start", [0, 1])
def test_a_first_column_that_counts_the_rows_is_no_code(tmp_path, start):
    rows = "".join(f"{start + row},{','.join(map(str, values))}\n" for row, values in enumerate(CODES))
    with pytest.warns(DevalWarning, match="its first column counts the rows and is left out"):
        codes = read_table(text_of(tmp_path / "table.csv", ",a,b,c\n" + rows))["codes"]
    np.testing.assert_array_equal(codes, CODES)


@pytest.mark.parametrize("name", ["codes", "anything"])
def test_an_archive_that_claims_other_sizes_than_its_numbers_have_is_refused(tmp_path, name):
    path = npz_of(tmp_path / "table.npz", **{name: CODES})
    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo(f"{name}.npy").file_size
    path.write_bytes(path.read_bytes().replace(size.to_bytes(4, "little"), (2**30).to_bytes(4, "little")))
    with pytest.raises(UsageError, match="claims 96 bytes of numbers") as caught:
        read_table(path)
    assert "\n" not in str(caught.value)


@pytest.fixture
def kept(tmp_path, monkeypatch):
    monkeypatch.setenv("DEVAL_CACHE", str(tmp_path / "cache"))
    return KeptCodes({"model": "a"})


def test_codes_in_the_cache_come_back_under_their_key_alone(kept):
    assert kept.load() is None
    kept.store(np.arange(4), CODES)
    index, codes = kept.load()
    np.testing.assert_array_equal(index, np.arange(4))
    np.testing.assert_array_equal(codes, CODES)
    assert KeptCodes({"model": "b"}).load() is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda contents: b"",
        lambda contents: contents[:100],
        lambda contents: b"no archive",
        lambda contents: contents.replace(CODES.tobytes(), (CODES + 1).tobytes()),
        lambda contents: contents.replace(b"codes", b"kodes"),
        lambda contents: contents.replace(b"\x93NUMPY\x01", b"\x93NUMPY\x07"),
    ],
)
def test_damaged_codes_in_the_cache_are_encoded_again_with_a_warning(kept, damage, caplog):
    kept.store(np.arange(4), CODES)
    kept.path.write_bytes(damage(kept.path.read_bytes()))
    with caplog.at_level(logging.WARNING, "disentangle_eval"):
        assert kept.load() is None
    assert f"{kept.path} is damaged" in caplog.text


def test_codes_that_cannot_be_kept_are_a_warning(kept, caplog):
    kept.path.parent.parent.touch()
    with caplog.at_level(logging.WARNING, "disentangle_eval"):
        kept.store(np.arange(4), CODES)
    assert "not kept for the next time" in caplog.text


class Images:
    name = "grid"

    def __len__(self):
        return len(CODES)


def test_names_of_columns_that_are_numbers_are_no_code_and_say_so(tmp_path):
    """As pandas writes an array without names for its columns."""
    path = text_of(tmp_path / "table.csv", "0,1,2\n" + "\n".join(",".join(map(str, row)) for row in CODES))
    with pytest.raises(UsageError, match=r"received 5 rows, expected 4, .*; its first row numbers the columns"):
        table_on(read_table(path), Images(), "table.csv")
