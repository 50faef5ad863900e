import contextlib
import errno
import os
import pickle
from collections import OrderedDict, defaultdict
from pathlib import Path
from types import MappingProxyType, SimpleNamespace

import numpy as np
import pytest
import torch

from disentangle_eval import checkpoint as checkpoints
from disentangle_eval.checkpoint import Checkpoint, load, refuse_unplain, save
from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.runtime.files import sha256
from disentangle_eval.runtime.versions import versions as recorded_versions

CONTENTS = {
    "model": {"name": "toy", "distribution": "deval-toy", "version": 1},
    "config": {"beta": 0.5, "betas": [0.5, 0.9], "kind": "small"},
    "data": {"dataset": "blobs", "name": "blobs@drawn", "sha256": "0" * 64, "shape": [1, 2, 2]},
    "seed": 3,
    "iteration": 7,
    "weights": {"w": torch.arange(6.0).reshape(2, 3), "count": torch.tensor(4)},
    "train": {"players": {"g": {"state": {0: {"step": torch.tensor(1.0)}}, "groups": [{"betas": (0.5, 0.9)}]}}},
    "versions": {"torch": "2"},
}


def checkpoint(**changed):
    return Checkpoint(**{**CONTENTS, **changed})


def refusal(path):
    """The one line a file is refused with."""
    with pytest.raises(DevalError) as caught:
        load(path)
    message = str(caught.value)
    assert "\n" not in message
    assert repr(str(path)) in message
    return message


# ---------------------------------------------------------------- round trip


def test_a_checkpoint_comes_back_as_it_was_saved(tmp_path):
    save(tmp_path / "c.pt", checkpoint())
    back = load(tmp_path / "c.pt")
    for key, value in CONTENTS.items():
        if key not in ("weights", "train"):
            assert getattr(back, key) == value
    assert back.weights.keys() == CONTENTS["weights"].keys()
    for name, value in CONTENTS["weights"].items():
        assert torch.equal(back.weights[name], value)
        assert back.weights[name].dtype == value.dtype
    assert back.train["players"]["g"]["groups"] == CONTENTS["train"]["players"]["g"]["groups"]
    assert back.train["players"]["g"]["state"][0]["step"] == 1


def test_a_checkpoint_without_training_state_says_so(tmp_path):
    save(tmp_path / "c.pt", checkpoint(train=None))
    assert load(tmp_path / "c.pt").train is None


def test_versions_are_plain_text_and_can_be_saved(tmp_path):
    versions = recorded_versions()
    assert {"disentangle-eval", "torch"} <= set(versions)
    assert {type(value) for value in versions.values()} == {str}
    save(tmp_path / "c.pt", checkpoint(versions=versions))
    assert load(tmp_path / "c.pt").versions == versions


def test_sha256_is_the_file_s(tmp_path):
    (tmp_path / "f").write_bytes(b"abc")
    assert sha256(tmp_path / "f") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


# ---------------------------------------------------------------- saving


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ({"a": [1, {"b": object()}]}, "checkpoint['a'][1]['b'] is a object"),
        ({"a": np.float64(1)}, "checkpoint['a'] is a float64"),
        ({"a": np.zeros(2)}, "checkpoint['a'] is a ndarray"),
        ({"a": torch.__version__}, "checkpoint['a'] is a TorchVersion"),
        ({"a": Path("x")}, "checkpoint['a'] is a "),
        ({"a": torch.nn.Parameter(torch.zeros(1))}, "checkpoint['a'] is a Parameter"),
        ({"a": {1.5: 0}}, "checkpoint['a']: key 1.5 is a float"),
        ({"a": MappingProxyType({})}, "checkpoint['a'] is a mappingproxy"),
        ({"a": defaultdict(int)}, "checkpoint['a'] is a defaultdict"),
        ({"a": ({"b": {1}},)}, "checkpoint['a'][0]['b'] is a set"),
    ],
)
def test_what_is_not_plain_data_is_refused_by_its_place(value, where):
    with pytest.raises(TypeError) as caught:
        refuse_unplain(value)
    assert str(caught.value).startswith(where)


def test_what_is_plain_data_can_be_read_back(tmp_path):
    plain = {"a": [None, True, 2**70, -1.5, "x"], 3: (1, [float("inf")]), "t": torch.ones(2), "o": OrderedDict(b=1)}
    refuse_unplain(plain)
    torch.save(plain, tmp_path / "plain.pt")
    torch.load(tmp_path / "plain.pt", weights_only=True)


def test_a_checkpoint_that_is_refused_leaves_the_former_one(tmp_path):
    save(tmp_path / "c.pt", checkpoint())
    with pytest.raises(TypeError, match=r"checkpoint\['config'\]\['beta'\]"):
        save(tmp_path / "c.pt", checkpoint(config={"beta": np.float32(1)}))
    assert load(tmp_path / "c.pt").config == CONTENTS["config"]


@pytest.mark.parametrize(("failure", "room"), [("write", 0), ("write", 2000), ("fsync", 0), ("rename", 0)])
def test_a_full_disk_is_one_line_and_leaves_the_former_checkpoint_and_nothing_else(
    tmp_path, monkeypatch, failure, room
):
    path = tmp_path / "c.pt"
    save(path, checkpoint())

    def fail(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    def open_on_full_disk(handle, mode):
        file = os.fdopen(handle, mode, buffering=0)

        class Full:
            def __enter__(self):
                return self

            def __exit__(self, *_):
                file.close()

            def write(self, data):
                file.write(bytes(data)[:room])
                fail()

        return Full()

    if failure == "write":
        monkeypatch.setattr(
            "disentangle_eval.runtime.files.os", SimpleNamespace(**{**vars(os), "fdopen": open_on_full_disk})
        )
    elif failure == "fsync":
        monkeypatch.setattr(os, "fsync", fail)
    else:
        monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(DevalError) as caught:
        save(path, checkpoint(iteration=8))
    message = str(caught.value)
    assert message.startswith(f"cannot write {str(path)!r}: the disk is full; free some space")
    assert "\n" not in message
    monkeypatch.undo()
    assert load(path).iteration == 7
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_absent_is_one_line(tmp_path):
    with pytest.raises(DevalError, match=r"cannot write '.*c\.pt': "):
        save(tmp_path / "absent" / "c.pt", checkpoint())


def test_the_file_has_ordinary_permissions(tmp_path):
    save(tmp_path / "c.pt", checkpoint())
    (tmp_path / "plain").write_bytes(b"")
    assert (tmp_path / "c.pt").stat().st_mode == (tmp_path / "plain").stat().st_mode


# ---------------------------------------------------------------- reading what is no checkpoint


def test_a_missing_file_is_a_usage_error(tmp_path):
    for path in (tmp_path / "absent.pt", tmp_path):
        with pytest.raises(UsageError, match="no file"):
            load(path)


@pytest.mark.parametrize(
    "contents", [b"", b"hello, this is text\n", b"\x89PNG\r\n\x1a\n" + bytes(100), pickle.dumps({"format": "x"})]
)
def test_a_file_of_another_kind_is_refused(tmp_path, contents):
    path = tmp_path / "c.pt"
    path.write_bytes(contents)
    assert "truncated, damaged or not a checkpoint" in refusal(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_refused(tmp_path, share):
    path = tmp_path / "c.pt"
    save(path, checkpoint())
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    assert "truncated" in refusal(path)


def test_damaged_bytes_never_end_in_anything_but_one_line(tmp_path, recwarn):
    path = tmp_path / "c.pt"
    save(path, checkpoint())
    whole = np.frombuffer(path.read_bytes(), dtype=np.uint8)
    random = np.random.default_rng(0)
    refused = 0
    for _ in range(300):
        damaged = whole.copy()
        damaged[random.integers(len(whole), size=3)] = random.integers(256, size=3)
        path.write_bytes(damaged.tobytes())
        with contextlib.suppress(DevalError):
            load(path)
            refused -= 1
        refused += 1
    assert refused > 100
    assert not recwarn.list


class Hostile:
    """Makes a file when it is unpickled."""

    def __init__(self, trap):
        self.trap = trap

    def __reduce__(self):
        return open, (str(self.trap), "w")


@pytest.mark.parametrize("place", ["config", "weights", "all", "bare pickle"])
def test_a_hostile_file_is_refused_and_not_run(tmp_path, place):
    path, trap = tmp_path / "c.pt", tmp_path / "trap"
    contents = {"format": checkpoints.FORMAT, "format_version": checkpoints.FORMAT_VERSION, **CONTENTS}
    if place == "bare pickle":
        path.write_bytes(pickle.dumps(Hostile(trap)))
    else:
        torch.save(Hostile(trap) if place == "all" else {**contents, place: {"beta": Hostile(trap)}}, path)
    message = refusal(path)
    if place != "bare pickle":
        assert "refused, it holds more than plain data and tensors" in message
    assert not trap.exists()


@pytest.mark.parametrize("contents", [{"state_dict": {"w": torch.ones(2)}}, torch.ones(3), [1, 2], None])
def test_a_torch_file_of_another_program_is_refused(tmp_path, contents):
    torch.save(contents, tmp_path / "c.pt")
    assert "a torch file of another program" in refusal(tmp_path / "c.pt")


def write_changed(path, remove=None, **changed):
    contents = {"format": checkpoints.FORMAT, "format_version": checkpoints.FORMAT_VERSION, **CONTENTS, **changed}
    contents.pop(remove, None)
    torch.save(contents, path)


@pytest.mark.parametrize("version", [2, 0, "1", None])
def test_another_format_version_is_refused(tmp_path, version):
    write_changed(tmp_path / "c.pt", format_version=version)
    assert f"format version {version!r}, this release reads 1" in refusal(tmp_path / "c.pt")


@pytest.mark.parametrize("key", CONTENTS)
def test_a_missing_or_wrong_item_is_named(tmp_path, key):
    write_changed(tmp_path / "c.pt", remove=key)
    assert f"damaged, {key!r} is missing" in refusal(tmp_path / "c.pt")
    write_changed(tmp_path / "c.pt", **{key: "text"})
    assert f"damaged, {key!r} is missing or not what it should be" in refusal(tmp_path / "c.pt")


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"model": {"name": "toy"}}, "model['distribution']"),
        ({"model": {**CONTENTS["model"], "version": "1"}}, "model['version']"),
        ({"data": {**CONTENTS["data"], "shape": 64}}, "data['shape']"),
        ({"weights": {"w": [1.0]}}, "weights['w']"),
    ],
)
def test_a_wrong_part_of_an_item_is_named(tmp_path, changed, named):
    write_changed(tmp_path / "c.pt", **changed)
    assert f"damaged, {named} is missing" in refusal(tmp_path / "c.pt")
