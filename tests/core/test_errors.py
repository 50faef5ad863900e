"""Exceptions of somebody else's code on one line, whatever they are, and where warnings point."""

import linecache

import numpy as np
import pytest

import disentangle_eval as de
from disentangle_eval.errors import INTERPRETED, DevalWarning, describe


class UnprintableError(Exception):
    def __str__(self):
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("one"), "ValueError: one"),
        (ValueError("one\n  two\x1b[31m"), "ValueError: one two\\x1b[31m"),
        (KeyError(), "KeyError"),
        (UnprintableError(), "UnprintableError (its message cannot be printed)"),
        (
            RuntimeError(f"{INTERPRETED}\n  code\n    code\nRuntimeError: sizes differ\n"),
            "RuntimeError: sizes differ",
        ),
    ],
)
def test_an_error_is_its_type_and_message_on_one_line(error, said):
    assert describe(error) == said


def damaged_results(folder):
    (folder / "results.jsonl").write_text("no JSON")
    return de.load_results(folder)  # this line reads


def scores_of_constant_codes(_):
    return de.score(np.zeros((12, 2)), factor_sizes=(3, 4), metrics="factorvae", train_votes=20)  # this line scores


@pytest.mark.parametrize(("call", "line"), [(damaged_results, "reads"), (scores_of_constant_codes, "scores")])
def test_a_warning_points_at_the_line_that_called_the_package(tmp_path, call, line):
    with pytest.warns(DevalWarning) as caught:
        call(tmp_path)
    assert caught
    assert {one.filename for one in caught} == {__file__}
    assert all(f"# this line {line}" in linecache.getline(one.filename, one.lineno) for one in caught)
