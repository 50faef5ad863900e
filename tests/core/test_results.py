"""A score with all that defines it, as a line of a file and back; lines that are no score."""

import json

import numpy as np
import pytest

from disentangle_eval.errors import DevalWarning
from disentangle_eval.results import (
    Result,
    append,
    is_score,
    matrices_of,
    plain,
    read_results,
    recorded_lines,
    result_of,
    spread,
)

RESULT = Result(
    metric="mig",
    metric_version=1,
    value=0.5,
    better="higher",
    chance=None,
    details={"gaps": [0.25, 0.75]},
    settings={"protocol": "dlib", "bins": 20},
    seed=3,
    seconds=1.5,
    counts={"images": 100},
    warnings=("one factor is constant",),
)
LINE = json.loads(RESULT.to_json())


def test_a_result_comes_back_as_it_was_kept(tmp_path):
    path = tmp_path / "results.jsonl"
    append(path, RESULT)
    append(path, RESULT)
    assert [result_of(line) for line in read_results(path)] == [RESULT, RESULT]
    assert read_results(tmp_path / "absent.jsonl") == recorded_lines(tmp_path) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"metric": None},
        {"value": "0.5"},
        {"value": True},
        {"value": None},
        {"settings": []},
        {"seed": 1.5},
        {"better": "up"},
        {"metric_version": None},
        {"chance": "0.1"},
        {"iteration": 2.5},
        {"details": [0.25]},
    ],
)
def test_a_line_that_is_no_score_is_named_and_costs_no_other(tmp_path, changed):
    path = tmp_path / "results.jsonl"
    lines = (LINE, {**LINE, **changed}, LINE | {"chance": 0.1, "iteration": 7, "value": 1})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert [is_score(line) for line in lines] == [True, False, True]
    with pytest.warns(DevalWarning, match=r"results.jsonl: line 2: no score"):
        assert [line["value"] for line in read_results(path)] == [0.5, 1]


def test_a_line_without_what_results_have_is_no_result_and_one_with_more_is():
    assert result_of({"metric": "mig", "value": 0.5}) is None
    assert result_of({**LINE, "of a later version": 1}) == RESULT


def test_numbers_of_numpy_become_plain_ones_of_their_kind():
    found = plain({1: np.float32(0.5), "b": (np.int64(2), None, True), "c": np.eye(2, dtype=bool)}, "details")
    assert json.dumps(found) == '{"1": 0.5, "b": [2, null, true], "c": [[true, false], [false, true]]}'


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"a": [1.0, float("nan")]}, r"^details\['a'\]\[1\]: received nan, expected a finite number$"),
        (np.array([1.0, -np.inf]), r"^details\[1\]: received -inf, expected a finite number$"),
        ({"a": {1}}, r"^details\['a'\]: received set, expected numbers"),
    ],
)
def test_what_json_cannot_hold_is_named_by_its_place(value, said):
    with pytest.raises(ValueError, match=said):
        plain(value, "details")


def test_rows_and_columns_of_a_matrix_have_the_names_that_details_give_them():
    square = [[1, 0], [0, 1]]

    def names_of(**details):
        (matrix,) = matrices_of(details)
        return matrix.noun, matrix.row_names, matrix.column_names

    assert names_of(confusion=square, classes=["cat", 3]) == ("class", ("cat", "3"), ("0", "1"))
    assert names_of(losses=square, factors=["size"]) == ("factor", ("0", "1"), ("0", "1"))
    assert names_of(votes=square, factors=["x", "y"]) == ("code dimension", ("0", "1"), ("x", "y"))
    assert names_of(own=[[1, 0, 0], [0, 1, 0]], factors=["x", "y"]) == ("factor", ("x", "y"), ("0", "1", "2"))
    assert names_of(own=[[1, 0], [0, 1], [0, 0]], factors=["x", "y"])[0] == "code dimension"
    assert names_of(own=square, factors=2) == ("code dimension", ("0", "1"), ("0", "1"))
    assert matrices_of({"ragged": [[1, 0], [1]], "texts": [["a"]], "flat": [1, 2], "empty": [[]]}) == []


def test_a_result_is_printed_in_words():
    assert str(RESULT) == "mig (dlib) 0.5000"
    scored_on = Result(**{**vars(RESULT), "chance": 0.25, "dataset": "dsprites@drawn"})
    assert str(scored_on) == "mig (dlib) 0.5000, chance 0.2500, on dsprites@drawn"


def test_the_interval_of_scores_is_student_s():
    results = [Result(**{**vars(RESULT), "value": value, "seed": seed}) for seed, value in enumerate([0.1, 0.2, 0.6])]
    found = spread(results)
    assert (found.metric, found.protocol, found.seeds, found.values) == ("mig", "dlib", (0, 1, 2), (0.1, 0.2, 0.6))
    deviation = np.std([0.1, 0.2, 0.6], ddof=1)
    half = 4.302653 * deviation / np.sqrt(3)  # the 97.5 % quantile for 2 degrees of freedom
    assert (found.mean, found.standard_deviation) == pytest.approx((0.3, deviation))
    assert found.interval == pytest.approx((0.3 - half, 0.3 + half))
