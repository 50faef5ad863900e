"""`deval datasets`: what is there of each data set and what is missing."""

import json

from disentangle_eval.data.sets import register_datasets

MNIST_TEST_FILES = next(spec.files for spec in register_datasets() if spec.name == "mnist-test")


def listed(deval, *arguments) -> dict[str, dict]:
    return {row["name"]: row for row in json.loads(deval("datasets", "--json", *arguments).out)}


def line_of(out: str, name: str) -> str:
    return next(line for line in out.splitlines() if line.split()[:1] == [name])


def test_states_follow_the_data_folder(deval, tmp_path, monkeypatch):
    monkeypatch.delenv("DEVAL_DATA", raising=False)
    before = listed(deval)
    assert (before["dsprites"]["state"], before["mnist-test"]["state"]) == ("drawn here", "missing")
    assert before["mnist-test"]["missing"] == [file.path for file in MNIST_TEST_FILES]
    for file in MNIST_TEST_FILES:
        (tmp_path / file.path).parent.mkdir(exist_ok=True)
        (tmp_path / file.path).touch()
    monkeypatch.setenv("DEVAL_DATA", str(tmp_path))
    after = listed(deval)["mnist-test"]
    assert (after["state"], after["missing"], after["images"]) == ("here", [], 10_000)
    assert listed(deval, "--data-dir", tmp_path / "mnist" / "..")["mnist"]["state"] == "missing"


def test_one_data_set_is_shown_with_its_missing_files(deval, monkeypatch):
    monkeypatch.delenv("DEVAL_DATA", raising=False)
    out = deval("datasets", "mnist-test").out
    assert "mnist/t10k-images-idx3-ubyte.gz, mnist/t10k-labels-idx1-ubyte.gz" in line_of(out, "missing")
    assert "deval data fetch mnist-test" in out
    assert "at most 16 GiB are fetched, no checksum is published" in line_of(deval("datasets", "chairs3d").out, "files")
    line = line_of(deval("datasets").out, "dsprites")
    assert " ".join(line.split()) == "dsprites 737,280 3×6×40×32×32 drawn here"


def test_only_the_files_that_are_still_absent_are_listed_as_missing(deval, tmp_path, monkeypatch):
    monkeypatch.setenv("DEVAL_DATA", str(tmp_path))
    first, second = (file.path for file in MNIST_TEST_FILES)
    (tmp_path / first).parent.mkdir()
    (tmp_path / first).touch()
    found = listed(deval)["mnist-test"]
    assert (found["state"], found["missing"]) == ("missing", [second])
    line = line_of(deval("datasets", "mnist-test").out, "missing")
    assert second in line
    assert first not in line


def test_a_name_that_is_unknown_suggests_the_near_one_and_a_file_how_to_write_it(deval, tmp_path, monkeypatch):
    assert "did you mean 'dsprites'?" in deval("datasets", "dsprite").error
    monkeypatch.chdir(tmp_path)
    (tmp_path / "generated").mkdir()
    assert deval("datasets", "generated").error == "dataset: received 'generated', a path; write images:generated"
    assert deval("datasets", "grid.npz").error == "dataset: received 'grid.npz', a path; write npz:grid.npz"


def test_a_folder_that_is_none_is_a_warning(deval, tmp_path):
    answer = deval("datasets", "--data-dir", tmp_path / "absent")
    assert answer.code == 0
    assert answer.err.startswith("warning: data folder: received ")
