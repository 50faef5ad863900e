"""Comparisons of runs: rows, columns, intervals, differences and correlations, and the text they become."""

import csv
import dataclasses
import json
import statistics
from pathlib import Path

import pytest
from scipy import stats

from disentangle_eval.errors import UsageError
from disentangle_eval.study.comparing import compare
from disentangle_eval.study.runs import RunRecord
from disentangle_eval.study.tables import FORMATS, score_tables


def result(metric, value, *, seed=0, protocol="p", sha="d" * 64, version=1, better="higher", iteration=10):
    return {
        "metric": metric,
        "metric_version": version,
        "value": value,
        "better": better,
        "chance": 0.2,
        "settings": {"protocol": protocol},
        "seed": seed,
        "dataset": "grid",
        "dataset_sha256": sha,
        "checkpoint_sha256": "c",
        "iteration": iteration,
    }


def run(model, seed, results, **config):
    return RunRecord(
        folder=Path(f"/secret/{model}-{seed}"),
        model=model,
        distribution="d",
        version=1,
        dataset="grid",
        seed=seed,
        config={"iterations": 10, **config},
        settings={},
        iteration=10,
        state="finished",
        results=results,
    )


def study(values):
    return [
        run("a", seed, [result("mig", value), result("sap", value / 2)], beta=beta)
        for beta, scores in values.items()
        for seed, value in enumerate(scores)
    ]


def test_a_row_per_setting_and_a_mean_over_seeds():
    comparison = compare(study({1.0: [0.1, 0.3], 4.0: [0.5, 0.9]}))
    assert comparison.rows == ("a beta=1", "a beta=4")
    cell = comparison.cells["a beta=4"]["mig p"]
    assert (cell.mean, cell.values, cell.chance) == (pytest.approx(0.7), {0: 0.5, 1: 0.9}, pytest.approx(0.2))
    assert cell.standard_deviation == pytest.approx(statistics.stdev([0.5, 0.9]))


def test_the_interval_of_a_mean_over_seeds_is_student_s():
    scores = [0.1, 0.4, 0.45, 0.8]
    cells = compare(study({1.0: scores, 4.0: [0.5]})).cells
    assert cells["a beta=1"]["mig p"].interval == pytest.approx(stats.ttest_1samp(scores, 0).confidence_interval(0.95))
    assert cells["a beta=4"]["mig p"].interval is None


def test_paired_differences_use_the_seeds_that_both_have():
    first, second = [0.1, 0.3, 0.2, 0.9], [0.5, 0.9, 0.3]
    found = next(d for d in compare(study({1.0: first, 4.0: second})).differences if d.column == "mig p")
    assert found.seeds == (0, 1, 2)
    assert found.mean == pytest.approx(-1.1 / 3)
    assert found.interval == pytest.approx(stats.ttest_rel(first[:3], second).confidence_interval(0.95))


def test_settings_that_share_one_seed_have_no_difference():
    assert compare(study({1.0: [0.1, 0.3], 4.0: [0.5]})).differences == ()


def test_what_differs_never_shares_a_column_and_the_reason_is_named():
    runs = [run("a", 0, [result("mig", 0.1)]), run("a", 1, [result("mig", 0.9, sha="e" * 64)])]
    comparison = compare(runs)
    assert len(comparison.columns) == 2
    assert any("dataset_sha256" in note for note in comparison.notes)
    runs = [run("a", 0, [result("mig", 0.1)]), run("a", 1, [result("mig", 0.9, version=2)])]
    assert any("metric_version" in note for note in compare(runs).notes)


def test_rank_correlation_of_two_metrics_over_runs():
    found = compare(study({1.0: [0.1, 0.3], 4.0: [0.5, 0.9]})).correlations[0]
    assert (found.pearson, found.spearman, found.kendall) == (pytest.approx(1), pytest.approx(1), pytest.approx(1))
    assert found.runs == 4


def test_the_best_setting_and_the_best_run():
    comparison = compare(study({1.0: [0.1, 0.95], 4.0: [0.6, 0.9]}))
    assert comparison.best("mig")[1:] == ("a beta=4", ("a beta=1", 1))
    with pytest.raises(UsageError, match="sap"):
        comparison.best("fid")


def test_the_best_by_a_metric_of_several_protocols_is_refused():
    comparison = compare([run("a", 0, [result("mig", 0.1), result("mig", 0.2, protocol="q")])])
    with pytest.raises(UsageError, match="'mig', which is several scores, expected one of 'mig p', 'mig q'"):
        comparison.best("mig")
    assert comparison.best("mig:q")[2] == ("a", 0)


def test_no_setting_is_best_by_a_score_without_a_better_direction():
    runs = [run("a", s, [result("tc", s, better="neither"), result("mig", 0.1 * s)]) for s in (0, 1)]
    with pytest.raises(UsageError, match=r"--best: received 'tc', expected one of 'mig p'"):
        compare(runs).best("tc")
    alone = [run("a", 0, [result("tc", 0.3, better="neither")])]
    with pytest.raises(UsageError, match="expected a score of which higher or lower is better"):
        compare(alone).best("tc")


def test_only_the_last_scored_iteration_counts():
    runs = [run("a", 0, [result("mig", 0.9, iteration=5), result("mig", 0.1, iteration=10)])]
    assert compare(runs).cells["a"]["mig p"].mean == 0.1


def test_scores_from_before_the_end_of_a_training_are_named():
    cut = [run("a", seed, [result("mig", 0.2, iteration=5)]) for seed in (2, 0)]
    comparison = compare([*cut, run("a", 1, [result("mig", 0.9)])])
    assert comparison.notes == ("a, seeds 0, 2: scored at iteration 5 of 10",)
    table = csv.DictReader(FORMATS["csv"](comparison).splitlines())
    assert {(line["seed"], line["iteration"]) for line in table} == {("0", "5"), ("1", "10"), ("2", "5")}
    assert "% a, seeds 0, 2: scored at iteration 5 of 10" in FORMATS["latex"](comparison)


def test_settings_ascend_as_numbers():
    comparison = compare(study({16.0: [0.1], 1.0: [0.2], 4.0: [0.3]}))
    assert comparison.rows == ("a beta=1", "a beta=4", "a beta=16")


def test_data_sets_of_other_settings_have_a_table_of_their_own():
    there = {"dataset": "other@drawn", "dataset_sha256": "o"}
    elsewhere = [dataclasses.replace(run("a", seed, [result("mig", 0.2) | there]), dataset="other") for seed in (0, 1)]
    (first, rows), (second, others) = score_tables(compare([run("a", 0, [result("mig", 0.1)]), *elsewhere]))
    assert first.startswith("scores on grid: mean")
    assert rows == [["setting", "mig p ↑"], ["a on grid", "0.1000 (1)"], ["chance", "0.2000"]]
    assert second.startswith("scores on other@drawn: mean")
    assert others[1][0] == "a on other"
    ((title, both),) = score_tables(compare([run("a", 0, [result("mig", 0.1), result("sap", 0.2) | there])]))
    assert title.startswith("scores on grid, other@drawn: mean")
    assert both[0] == ["setting", "mig p grid ↑", "sap p other@drawn ↑"]


def test_csv_tells_columns_apart_as_the_table_does():
    runs = [run("a", 0, [result("mig", 0.1)]), run("a", 1, [result("mig", 0.9, version=2)])]
    lines = csv.DictReader(FORMATS["csv"](compare(runs)).splitlines())
    assert [line["score"] for line in lines] == ["mig p", "mig p (2)"]


def test_csv_has_the_chance_level_of_each_seed():
    runs = [
        run("a", seed, [result("mig", 0.5) | {"chance": chance}]) for seed, chance in ((0, 0.1), (1, 0.3), (2, None))
    ]
    comparison = compare(runs)
    lines = csv.DictReader(FORMATS["csv"](comparison).splitlines())
    assert [line["chance"] for line in lines] == ["0.1", "0.3", ""]
    assert comparison.cells["a"]["mig p"].chance == pytest.approx(0.2)


def test_of_several_draws_of_a_metric_that_of_the_lowest_seed_counts():
    draws = [result("mig", 0.3, seed=2), result("mig", 0.1, seed=1), result("mig", 0.2, seed=3)]
    assert compare([run("a", 0, draws)]).cells["a"]["mig p"].values == {0: 0.1}


def test_runs_that_differ_in_precision_are_two_settings():
    runs = [run("a", 0, [result("mig", 0.5)]), run("a", 0, [result("mig", 0.7)])]
    runs[1] = dataclasses.replace(runs[1], settings={"precision": "bf16"})
    assert compare(runs).rows == ("a precision=bf16", "a precision=float32")


def test_notes_say_how_many_scores_of_a_column_had_a_warning():
    pruned = {"warnings": ["mig: no dimension is active, so the score is 0"]}
    scores = [result("mig", 0.0) | pruned, result("mig", 0.0) | pruned, result("mig", 0.5) | {"warnings": []}]
    runs = [run("a", seed, [score, result("sap", 0.1)]) for seed, score in enumerate(scores)]
    assert compare(runs).notes == ("mig p, 2 of 3: no dimension is active, so the score is 0",)


def test_a_second_run_of_one_setting_and_seed_is_left_out_and_named():
    comparison = compare([run("a", 0, [result("mig", 0.5)]), run("a", 0, [result("mig", 0.7)])])
    assert comparison.cells["a"]["mig p"].values == {0: 0.5}
    assert comparison.notes == ("a, seed 0: more than one run with scores; the first one counts",)


def test_a_run_without_scores_hides_no_other_of_its_setting_and_seed():
    comparison = compare([run("a", 0, []), run("a", 0, [result("mig", 0.7)])])
    assert comparison.cells["a"]["mig p"].values == {0: 0.7}
    assert comparison.notes == ("a, seed 0: no scores",)


def test_a_run_that_failed_is_missed():
    failed = dataclasses.replace(run("a", 1, []), state="failed")
    assert compare([run("a", 0, [result("mig", 0.5)]), failed]).notes == ("a, seed 1: no scores (failed)",)


def test_runs_without_scores():
    with pytest.raises(UsageError, match="deval score"):
        compare([run("a", 0, [])])


@pytest.mark.parametrize("form", FORMATS)
def test_equal_studies_make_equal_text_without_paths(form):
    runs = study({1.0: [0.1, 0.3], 4.0: [0.5, 0.9]})
    text = FORMATS[form](compare(runs))
    assert text == FORMATS[form](compare(list(runs)))
    assert "secret" not in text
    assert "beta=4" in text.replace("\\", "")


def rows_of(comparison):
    ((_, rows),) = score_tables(comparison)
    return rows


def test_the_last_row_of_scores_is_chance_where_it_is_known():
    known, other = result("mig", 0.5), {**result("mig", 0.7), "chance": 0.31}
    unknown = {**result("tc", 3.0), "chance": None}
    comparison = compare([run("a", 0, [known, unknown]), run("b", 0, [other])])
    assert rows_of(comparison)[-1] == ["chance", "0.2000 to 0.3100", ""]
    assert rows_of(compare([run("a", 0, [known])]))[-1] == ["chance", "0.2000"]
    assert rows_of(compare([run("a", 0, [unknown])]))[-1][0] == "a"
    assert json.loads(FORMATS["json"](comparison))["cells"]["b"]["mig p"]["chance"] == 0.31


def test_text_is_escaped_for_each_form():
    runs = [run("a|b_c%", 0, [result("mig", 0.5)])]
    assert r"a\|b_c%" in FORMATS["markdown"](compare(runs))
    assert r"a|b\_c\%" in FORMATS["latex"](compare(runs))
    assert json.loads(FORMATS["json"](compare(runs)))["rows"] == ["a|b_c%"]
