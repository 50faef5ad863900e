"""Formats under drawn contents and drawn damage: what was written comes back, and a refusal is one line."""

import io
import json
import struct
import warnings
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from code_tables import load_code_table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from disentangle_eval.checkpoint import Checkpoint, load, save
from disentangle_eval.errors import DevalError
from disentangle_eval.registry.names import DatasetName, parse_dataset, written_path
from disentangle_eval.results import plain
from disentangle_eval.runtime.checksums import checksum
from disentangle_eval.runtime.json_lines import append_line, read_lines, set_damaged_aside
from disentangle_eval.training.folder import RunFolder

# How long drawing takes depends on what else the machine does.
drawn = settings(
    max_examples=40,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)

texts = st.text(max_size=20)
scalars = st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False) | texts
trees = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=12
)
tensors = st.sampled_from([torch.float32, torch.float64, torch.int64, torch.uint8, torch.bool]).flatmap(
    lambda kind: st.lists(st.integers(0, 3), max_size=3).map(lambda shape: torch.ones(shape).to(kind))
)
weights = st.dictionaries(texts, tensors, max_size=3)
records = st.dictionaries(texts, scalars.filter(lambda value: value not in (float("inf"), -float("inf"))), max_size=3)
damage = st.lists(st.tuples(st.integers(0, 2**20), st.binary(max_size=4)), max_size=3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("formats")


def damaged(contents: bytes, changes) -> bytes:
    for place, other in changes:
        place %= len(contents) + 1
        contents = contents[:place] + other + contents[place + 1 :]
    return contents


def read_or_refused(read, error=DevalError):
    """What is read, or None where it is refused in one line."""
    try:
        return read()
    except error as refusal:
        text = str(refusal)
    assert "\n" not in text
    return None


def contents_of(config, held, iteration) -> Checkpoint:
    return Checkpoint(
        model={"name": "a", "distribution": "d", "version": 1},
        config=config,
        data={"dataset": "x", "name": "x", "sha256": "0", "shape": [1, 8, 8]},
        seed=0,
        iteration=iteration,
        weights=held,
        train={"state": config},
        versions={},
    )


@drawn
@given(st.dictionaries(texts, trees, max_size=3), weights, st.integers(0, 2**40))
def test_a_checkpoint_of_any_plain_contents_comes_back_and_makes_equal_files(folder, config, held, iteration):
    paths = folder / "a.pt", folder / "b.pt"
    save(paths[0], contents_of(config, held, iteration))
    found = load(paths[0])
    assert checksum(vars(found)) == checksum(vars(contents_of(config, held, iteration)))
    save(paths[1], found)
    assert paths[0].read_bytes() == paths[1].read_bytes()


@drawn
@given(damage)
def test_a_damaged_checkpoint_is_what_was_saved_or_refused(folder, changes):
    path, saved = folder / "c.pt", contents_of({"beta": 0.5}, {"w": torch.arange(20.0)}, 3)
    save(path, saved)
    path.write_bytes(damaged(path.read_bytes(), changes))
    found = read_or_refused(lambda: load(path))
    assert found is None or checksum(vars(found)) == checksum(vars(saved))


@drawn
@given(st.lists(records, max_size=5), damage)
def test_damage_to_lines_costs_the_lines_it_touches_alone(folder, written, changes):
    path = folder / "lines.jsonl"
    path.unlink(missing_ok=True)
    for record in written:
        append_line(path, json.dumps(record))
    assert read_lines(path).records == written
    whole = path.read_bytes() if written else b""
    path.write_bytes(damaged(whole, changes))
    untouched = [line for line in whole.split(b"\n") if line and line in path.read_bytes().split(b"\n")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lines = read_or_refused(lambda: read_lines(path))
        if lines is None:
            assert not untouched
            return
        found = [json.dumps(record).encode() for record in lines.records]
        set_damaged_aside(path)
    assert all(line in found for line in untouched)
    assert [json.dumps(record).encode() for record in read_lines(path).records] == found
    append_line(path, '{"last": 1}')
    assert read_lines(path).records[-1] == {"last": 1}


@drawn
@given(trees | st.dictionaries(st.sampled_from(["model", "config", "settings", "seed", "data"]), trees))
def test_a_run_json_of_any_json_is_read_or_refused(folder, contents):
    run = RunFolder(folder)
    run.run_file.write_text(json.dumps(contents))
    assert read_or_refused(run.read_run) in (None, contents)


@drawn
@given(
    st.text(alphabet=st.characters(max_codepoint=255), max_size=60)
    | st.tuples(
        st.sampled_from(["<f8", "<f4", "|u1", "O", "<U9", "f", ">i8"]),
        st.booleans(),
        st.lists(st.integers(-3, 2**70), max_size=3).map(tuple),
    ).map(lambda parts: f"{{'descr': '{parts[0]}', 'fortran_order': {parts[1]}, 'shape': {parts[2]}, }}")
)
def test_a_table_of_codes_with_any_header_is_read_or_refused(folder, header):
    text = header.encode("latin-1")
    factors = io.BytesIO()
    np.save(factors, np.array([2, 2]))
    with zipfile.ZipFile(folder / "codes.npz", "w") as archive:
        archive.writestr("codes.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + bytes(64))
        archive.writestr("factor_sizes.npy", factors.getvalue())
    table = read_or_refused(lambda: load_code_table(folder / "codes.npz"))
    assert table is None or len(table) == 4


@drawn
@given(st.text(max_size=40))
def test_any_name_of_a_data_set_is_parsed_or_refused_and_any_path_comes_back(text):
    with suppress(DevalError):
        assert isinstance(parse_dataset(text), DatasetName)
    assert parse_dataset(f"npz:{written_path(Path(text))}").place == str(Path(text))


@drawn
@given(trees | st.floats())
def test_a_score_of_any_values_is_json_or_refused(value):
    found = read_or_refused(lambda: plain(value, "scores"), ValueError)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
