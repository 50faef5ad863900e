import errno
import os
import pickle
import zipfile
from collections import OrderedDict, defaultdict
from pathlib import Path
from types import MappingProxyType, SimpleNamespace

import numpy as np
import pytest
import torch

from disentangle_eval import checkpoint as checkpoints
from disentangle_eval.checkpoint import Checkpoint, load, refuse_unplain, save
from disentangle_eval.errors import DevalError, DevalWarning, UsageError
from disentangle_eval.runtime.checksums import BLOCK, BYTE_BY_BYTE, ROW, checksum
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


def test_damaged_bytes_are_one_line_or_change_nothing(tmp_path, recwarn):
    path = tmp_path / "c.pt"
    save(path, checkpoint())
    whole = np.frombuffer(path.read_bytes(), dtype=np.uint8)
    random = np.random.default_rng(0)
    messages = []
    for number in range(600):
        damaged = whole.copy()
        if number % 2:
            damaged[random.integers(len(whole), size=3)] = random.integers(256, size=3)
        else:
            damaged[random.integers(len(whole))] ^= 1 << random.integers(8)
        path.write_bytes(damaged.tobytes())
        try:
            found = load(path)
        except DevalError as error:
            messages.append(str(error))
        else:
            assert checksum(vars(found)) == checksum(vars(checkpoint()))
    assert len(messages) > 200
    assert not any("\n" in message for message in messages)
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


@pytest.mark.parametrize("version", [3, 0, "1", None, True])
def test_another_format_version_is_refused(tmp_path, version):
    write_changed(tmp_path / "c.pt", format_version=version)
    assert f"format version {version!r}, this release reads 1 and 2" in refusal(tmp_path / "c.pt")


# ---------------------------------------------------------------- checksums


def test_a_checkpoint_of_the_first_format_is_read_with_a_note(tmp_path):
    write_changed(tmp_path / "c.pt", format_version=1)
    with pytest.warns(DevalWarning, match="carries no checksums"):
        assert load(tmp_path / "c.pt").iteration == 7


@pytest.mark.parametrize(
    ("part", "changed"),
    [
        ("weights", {"weights": {**CONTENTS["weights"], "w": CONTENTS["weights"]["w"] + 1e-7}}),
        ("weights", {"weights": {"count": CONTENTS["weights"]["count"], "w": CONTENTS["weights"]["w"]}}),
        ("training state", {"train": {"players": {}}}),
        ("settings", {"config": {**CONTENTS["config"], "beta": 0.25}}),
        ("settings", {"seed": 4}),
        ("settings", {"data": {**CONTENTS["data"], "name": "blobs@drawm"}}),
    ],
)
def test_contents_that_were_not_saved_so_are_refused_by_the_part(tmp_path, part, changed):
    path = tmp_path / "c.pt"
    save(path, checkpoint())
    saved = torch.load(path, weights_only=True)
    torch.save({**saved, **changed}, path)
    assert f"damaged, not what was saved: the checksum of its {part} differs" in refusal(path)
    if part == "training state":
        assert load(path, train=False).train is None


def test_checksums_that_are_missing_or_damaged_are_refused(tmp_path):
    for checksums in (None, 3, {}, {"weights": 1}):
        write_changed(tmp_path / "c.pt", checksums=checksums)
        assert "not what was saved: the checksum of its" in refusal(tmp_path / "c.pt")


def test_every_change_of_a_large_tensor_changes_its_checksum():
    words = torch.randint(2**62, (300_001,), generator=torch.Generator().manual_seed(0))
    expected = checksum({"a": words})
    changes = {
        "a bit": lambda x: x[123_456:123_457].bitwise_xor_(torch.tensor(1 << 40)),
        "the last word": lambda x: x[-1:].add_(1),
        "two sign bits": lambda x: x[10:14:2].bitwise_xor_(torch.tensor(-(2**63))),
        "two words swapped": lambda x: x[5:7].copy_(words[5:7].flip(0)),
        "two pages swapped": lambda x: x[:1024].copy_(words[:1024].roll(512)),
        "a sector moved": lambda x: x[:512].copy_(words[:512].roll(64)),
        "a page of zeros": lambda x: x[1024:1536].zero_(),
    }
    for name, change in changes.items():
        changed = words.clone()
        change(changed)
        assert checksum({"a": changed}) != expected, name
    assert checksum({"a": words.clone()}) == expected
    assert checksum({"a": words.view(torch.float64)}) != expected
    assert checksum({"a": words[:300_000].view(600, 500)}) != checksum({"a": words[:300_000].view(500, 600)})


def test_equal_checkpoints_make_equal_files_whatever_objects_they_consist_of(tmp_path):
    """Pickle refers to an object that it meets again: equal texts may be one object or two."""
    once = "".join(["key", "word"])
    twice = {"a": [once, once], "b": ((1, 2), (1, 2)), "t": torch.arange(8)[2:4]}
    pair = (1, 2)
    copies = {"a": ["".join(["key", "word"]), "keyword"], "b": (pair, pair), "t": torch.tensor([2, 3])}
    for name, tree in (("one", twice), ("other", copies)):
        save(tmp_path / name, checkpoint(train=tree))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_a_tensor_that_claims_more_elements_than_its_storage_takes_no_memory(tmp_path):
    write_changed(tmp_path / "c.pt", weights={"w": torch.zeros(1).expand(2**50)}, checksums={})
    assert "not what was saved: the checksum of its" in refusal(tmp_path / "c.pt")


def test_an_archive_that_inflates_is_refused(tmp_path):
    save(tmp_path / "c.pt", checkpoint())
    with zipfile.ZipFile(tmp_path / "c.pt") as whole, zipfile.ZipFile(tmp_path / "d.pt", "w") as inflated:
        for record in whole.infolist():
            inflated.writestr(record.filename, whole.read(record), zipfile.ZIP_DEFLATED)
    assert "truncated, damaged or not a checkpoint" in refusal(tmp_path / "d.pt")


def test_a_structure_that_is_long_or_that_nobody_could_walk_is_refused(tmp_path):
    save(tmp_path / "c.pt", checkpoint())
    with zipfile.ZipFile(tmp_path / "c.pt") as whole, zipfile.ZipFile(tmp_path / "long.pt", "w") as long:
        for record in whole.infolist():
            structure = b"\x80\x02(" + b"}" * 2**23 + b"l."
            long.writestr(record, structure if record.filename.endswith("data.pkl") else whole.read(record))
    assert "truncated, damaged or not a checkpoint" in refusal(tmp_path / "long.pt")
    doubled = (1, 2)
    for _ in range(25):
        doubled = (doubled, doubled)
    write_changed(tmp_path / "doubled.pt", config={"beta": doubled})
    assert "truncated, damaged or not a checkpoint" in refusal(tmp_path / "doubled.pt")


def test_a_file_that_is_no_archive_is_refused_unread(tmp_path):
    torch.save({"format": checkpoints.FORMAT}, tmp_path / "c.pt", _use_new_zipfile_serialization=False)
    assert "truncated, damaged or not a checkpoint" in refusal(tmp_path / "c.pt")


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
        ({"data": {**CONTENTS["data"], "shape": [1, 10**9, 10**9]}}, "data['shape']"),
        ({"data": {**CONTENTS["data"], "shape": [1, 0, 64]}}, "data['shape']"),
        ({"data": {**CONTENTS["data"], "shape": [1, 64, 16_385]}}, "data['shape']"),
        ({"data": {**CONTENTS["data"], "shape": [1, 64]}}, "data['shape']"),
        ({"weights": {"w": [1.0]}}, "weights['w']"),
    ],
)
def test_a_wrong_part_of_an_item_is_named(tmp_path, changed, named):
    write_changed(tmp_path / "c.pt", **changed)
    assert f"damaged, {named} is missing" in refusal(tmp_path / "c.pt")


@pytest.mark.parametrize("length", [BYTE_BY_BYTE, BYTE_BY_BYTE + 8 * ROW * BLOCK + 12345])
def test_a_checksum_is_that_of_the_values_wherever_they_are_in_memory(length):
    memory = torch.arange(length + 1, dtype=torch.int32).to(torch.uint8)
    part = memory[1:]
    assert checksum(part) == checksum(part.clone()) != checksum(memory[:length])


def test_the_checksum_of_elements_that_share_memory_takes_none():
    one = torch.zeros(1)
    assert checksum(one.expand(2**40)) != checksum(one.expand(2**41))


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (torch.eye(2).to_sparse(), "another kind"),
        (torch.empty(2, device="meta"), "another kind"),
        ([torch.zeros(25), torch.zeros(1)], "larger than their file"),
        ([[[[]]]], None),
        ([torch.zeros(25), {"a": (1, 2)}], None),
    ],
)
def test_only_tensors_that_a_checkpoint_has_are_taken_from_a_file(value, said):
    if said is None:
        checkpoints.refuse_tangled(value, 100)
        return
    with pytest.raises(ValueError, match=said):
        checkpoints.refuse_tangled(value, 100)


@pytest.mark.skipif(not Path("/proc/self/mem").is_file(), reason="needs a file that cannot be read")
def test_a_file_that_cannot_be_read_is_one_line():
    assert "cannot be read" in refusal(Path("/proc/self/mem"))
