import pytest

from disentangle_eval.data.files.presence import Presence, presence
from disentangle_eval.registry.specs import DataFile, DatasetSpec

PACKED = DataFile(path="toy/images.gz", instead=(DataFile(path="toy/images"),))
LABELS = DataFile(path="toy/labels.gz")


def toy(**fields) -> DatasetSpec:
    return DatasetSpec(name="toy", summary="a toy", target="toy:load", **fields)


@pytest.mark.parametrize(
    ("record", "state"),
    [
        (toy(files=(PACKED, LABELS)), Presence("missing", (PACKED, LABELS))),
        (toy(files=(PACKED,), drawn=True), Presence("drawn here", (PACKED,))),
        (toy(drawn=True), Presence("drawn here")),
        (toy(takes_path=True, files=(PACKED,)), Presence("your own")),
        (toy(), Presence("unknown")),
    ],
)
def test_states_of_an_empty_folder_and_of_none(record, state, tmp_path):
    assert presence(record, tmp_path) == presence(record, None) == presence(record, tmp_path / "absent") == state


def test_a_file_that_serves_instead_counts(tmp_path):
    record = toy(files=(PACKED, LABELS), drawn=True)
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "images").touch()
    assert presence(record, tmp_path) == Presence("drawn here", (LABELS,))
    (tmp_path / "toy" / "labels.gz").touch()
    assert presence(record, tmp_path) == Presence("here")
