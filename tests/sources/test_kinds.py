"""What a file is, by its content, also where the content is damaged."""

import io
import zipfile

import numpy as np
import pytest
import torch

import disentangle_eval as de
from disentangle_eval.checkpoint import FORMAT
from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.opening.models import open_model
from disentangle_eval.runtime.programs import archive_names, program_kind
from disentangle_eval.sources.kinds import kind_of, table_format


def archive(*names):
    contents = io.BytesIO()
    with zipfile.ZipFile(contents, "w") as made:
        for name in names:
            made.writestr(name, b"0123456789")
    return contents.getvalue()


@pytest.mark.parametrize(
    ("contents", "kind"),
    [
        (archive("net/constants.pkl", "net/data.pkl"), "TorchScript"),
        (archive("net/archive_format"), "exported"),
        (archive("net/data.pkl"), None),
        (b"\x08\x09\x12\x07pytorch", "ONNX"),
        (b"text", None),
    ],
)
def test_a_program_is_known_by_the_names_in_it(contents, kind):
    assert program_kind(contents) == kind


def test_an_archive_with_a_damaged_byte_is_another_file_and_no_crash(tmp_path):
    path, whole = tmp_path / "a", archive("a/constants.pkl", "a/é.npy")
    for place in range(len(whole)):
        for changed in (0x80, 0xFF, whole[place] ^ 1):
            damaged = bytearray(whole)
            damaged[place] = changed
            path.write_bytes(damaged)
            assert table_format(path) in (None, "csv", "npz")
            assert len(archive_names(bytes(damaged))) in (0, 1, 2)


@pytest.mark.parametrize("kind", ["checkpoint", "codes"])
def test_an_archive_for_a_later_reader_is_refused_in_one_line(tmp_path, kind):
    path = tmp_path / "a.pt"
    if kind == "checkpoint":
        torch.save({"format": FORMAT}, path)
    else:
        with path.open("wb") as file:
            np.savez(file, codes=np.eye(3))
    contents = bytearray(path.read_bytes())
    contents[contents.rindex(b"PK\x01\x02") + 6] = 0xFF  # the version of zip that extracting needs
    path.write_bytes(contents)
    assert kind_of(str(path)) == "checkpoint"
    with pytest.raises(DevalError, match="truncated, damaged or not a checkpoint") as caught:
        open_model(path, "cpu")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["codes.npz", "codes.npy", "codes.csv"])
@pytest.mark.parametrize("contents", [b"", b"{}", b"\x00\x01"])
def test_a_file_named_as_a_table_that_holds_none_is_no_damaged_checkpoint(tmp_path, name, contents):
    (tmp_path / name).write_bytes(contents)
    with pytest.raises(UsageError, match=f"{name}', which is empty, damaged or no .*, expected a table of codes"):
        kind_of(str(tmp_path / name))


def test_a_file_about_a_run_is_answered_with_the_run(tmp_path):
    for name in ("run.json", "log.jsonl", "speed.jsonl", "results.jsonl"):
        (tmp_path / name).write_text('{"iteration": 1, "loss": 2.0}\n')
        with pytest.raises(UsageError, match=r"about a run, .*give the run's folder"):
            kind_of(str(tmp_path / name))


def test_a_header_without_rows_is_no_table(tmp_path):
    (tmp_path / "codes.csv").write_text("z0,z1\n")
    with pytest.raises(UsageError, match="received a header alone, expected a row of numbers per image"):
        de.load_model(tmp_path / "codes.csv")
