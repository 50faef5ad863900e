"""The tables of the performance page are those that the result lines give, and its sentences agree with them."""

import importlib
import json
from pathlib import Path

import pytest
from doc_pages import table_of

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "evidence" / "benchmarks"

pytestmark = pytest.mark.skipif(not RESULTS.is_dir(), reason="a source distribution holds no evidence/")


@pytest.fixture
def tables(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    return importlib.import_module("performance_tables").tables(RESULTS)


def test_the_tables_are_made_from_the_lines(tables):
    for name, text in tables.items():
        assert (ROOT / "docs" / "performance" / name).read_text(encoding="utf-8") == text


def test_what_is_said_to_be_reached_is_the_least_ratio_of_the_tables(tables):
    reached, said = {}, {}
    for machine, column in (("xeon", 3), ("epyc", 4)):
        for row in table_of("performance.md", "model", "ours in", "aimed at")[1:]:
            said[row[0].lower().replace("ib-gan", "ibgan"), row[1], machine] = row[column]
        for row in tables[f"peers-{machine}.txt"].splitlines()[2:]:
            model, *_, float32, bf16 = (cell.strip(" `") for cell in row.strip("|").split("|"))
            for precision, ratio in (("float32", float32), ("bf16", bf16)):
                key = model, precision, machine
                reached[key] = min(filter(None, (reached.get(key), ratio)), default="", key=float)
    assert said == reached


def test_launch_floors_of_the_gpu_table():
    lines = [json.loads(text) for text in (RESULTS / "floor.jsonl").read_text().splitlines()]
    floors = {line["model"]: line["launch_floor_ms"] for line in lines if line["hardware"] == "NVIDIA H200"}
    for name, rate, *_ in table_of("performance.md", "model", "launch floor, iterations/s")[1:]:
        floor = floors[name.lower().replace("ib-gan", "ibgan")]
        assert float(rate.replace(",", "")) == pytest.approx(1e3 / floor, abs=60)
