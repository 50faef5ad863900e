"""Mutants are drawn by a seed, can be parsed, and every file has tests that exist."""

import ast
import importlib
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("mutants")


def test_a_larger_draw_begins_with_a_smaller_one(script, monkeypatch):
    monkeypatch.setattr(script, "SOURCES", ("runtime/files.py", "runtime/json_lines.py"))
    assert script.draw(5, seed=3) == script.draw(9, seed=3)[:5] != script.draw(5, seed=4)


def test_every_mutant_can_be_parsed_and_has_tests(script):
    for mutant in script.draw(100, seed=1):
        whole = (script.ROOT / script.PACKAGE / mutant.file).read_bytes()
        ast.parse(whole[: mutant.start] + mutant.after.encode() + whole[mutant.end :])
        tests = script.tests_of(mutant.file)
        assert tests, mutant.file
        for path, _, name in (test.partition("::") for test in tests):
            assert Path(path).exists(), mutant.file
            assert not name or f"def {name}(" in Path(path).read_text(encoding="utf-8"), name


def test_what_only_says_something_is_left_out(script, tmp_path, monkeypatch):
    monkeypatch.setattr(script, "ROOT", tmp_path)
    source = tmp_path / script.PACKAGE / "file.py"
    source.parent.mkdir()
    source.write_text(
        'def f(x: int = 3) -> "a < b":\n'
        '    """1 < 2"""\n'
        "    if x < 1:\n"
        '        raise ValueError(f"{x + 1}")\n'
        '    warnings.warn("x" + str(x + 2), stacklevel=2)\n'
        "    return x and True\n"
    )
    found = [(mutant.line, mutant.kind, mutant.before, mutant.after) for mutant in script.mutants(source)]
    assert found == [
        (1, "constant", "3", "4"),
        (3, "comparison", "x < 1", "x <= 1"),
        (3, "constant", "1", "(2)"),
        (6, "return", "x and True", "None"),
        (6, "boolean", "x and True", "x or True"),
        (6, "constant", "True", "(False)"),
    ]
