import hashlib

import pytest

from disentangle_eval.data.files.published import check, find, require, require_any
from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.registry.specs import DataFile

FILE = DataFile(path="sets/a.bin", also=("a.bin",))


def test_a_file_is_found_in_its_own_place_first(tmp_path):
    assert find(None, FILE) is find(tmp_path, FILE) is None
    (tmp_path / "a.bin").touch()
    assert find(tmp_path, FILE) == tmp_path / "a.bin"
    (tmp_path / "sets").mkdir()
    (tmp_path / "sets" / "a.bin").touch()
    assert require(tmp_path, "toy", FILE) == tmp_path / "sets" / "a.bin"


def test_a_form_that_serves_instead_is_found_where_the_file_itself_is_absent(tmp_path):
    unpacked = DataFile(path="a", also=("sets/a",))
    packed = DataFile(path="a.tar", instead=(unpacked,))
    with pytest.raises(UsageError, match=r"which has no a\.tar; type: deval data fetch toy"):
        require_any(tmp_path, "toy", packed)
    (tmp_path / "sets" / "a").mkdir(parents=True)
    assert require_any(tmp_path, "toy", packed) == (tmp_path / "sets" / "a", unpacked)
    (tmp_path / "a.tar").touch()
    assert require_any(tmp_path, "toy", packed) == (tmp_path / "a.tar", packed)


def test_a_missing_file_is_told_with_what_to_type(tmp_path):
    for folder, received in ((None, "no data folder"), (tmp_path, f"{tmp_path}, which has no sets/a.bin")):
        with pytest.raises(UsageError, match="deval data fetch toy") as caught:
            require(folder, "toy", FILE)
        assert f"dataset 'toy': received {received}" in str(caught.value)


def test_a_file_is_checked_as_far_as_its_makers_published(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"hello")
    md5 = "md5:" + hashlib.md5(b"hello").hexdigest()
    check(path, DataFile(path="a.bin"))
    check(path, DataFile(path="a.bin", size=5, checksum=md5))
    with pytest.raises(DevalError, match=r"received 5 bytes, expected 6; fetch the file again"):
        check(path, DataFile(path="a.bin", size=6, checksum=md5))
    with pytest.raises(DevalError, match=rf"received {md5}, expected md5:0{{32}}"):
        check(path, DataFile(path="a.bin", checksum="md5:" + "0" * 32))


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../../x", ""])
def test_a_file_lies_below_the_folder_of_data_sets(path):
    with pytest.raises(ValueError, match="expected a path below the folder of data sets"):
        DataFile(path=path)
