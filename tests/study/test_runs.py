"""What a run folder says of its run, also while it trains, after a crash and after a failure."""

import json
from dataclasses import replace

import pytest
from run_folders import write_run

from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.study.comparing import compare
from disentangle_eval.study.quantities import score_of
from disentangle_eval.study.runs import (
    find_named_runs,
    find_runs,
    labels_of_runs,
    last_iteration,
    newest_results,
    read_run,
)
from disentangle_eval.training.folder import RunFolder


@pytest.fixture
def folder(tmp_path):
    write_run(tmp_path / "run", seed=0, beta=1)
    return tmp_path / "run"


@pytest.mark.parametrize(
    ("log", "iteration"),
    [
        ('{"iteration": 10}\n{"iteration": 20}\n', 20),
        ('{"iteration": 10}\n{"iteration": 2', 10),
        ('{"iteration": 10}\n[20]\n{"loss": 1}\nnull\n\n', 10),
        ("half a", 0),
        ("", 0),
        ('{"iteration": 10, "text": "' + "x" * 10**6 + '"}\n{"iteration": 20}\n{"', 20),
    ],
)
def test_the_last_whole_line_of_the_log_says_how_far_a_run_is(tmp_path, log, iteration):
    (tmp_path / "log.jsonl").write_text(log)
    assert last_iteration(tmp_path / "log.jsonl") == iteration
    assert last_iteration(tmp_path / "absent.jsonl") == 0


def test_a_run_is_finished_training_failed_or_stopped(folder):
    assert read_run(folder).state == "finished"
    (folder / "log.jsonl").write_text('{"iteration": 10}\n')
    assert read_run(folder).state == "stopped"
    with RunFolder(folder).lock():
        assert read_run(folder).state == "training"
    (folder / "failure.json").write_text(json.dumps({"cause": "NaN"}))
    assert (read_run(folder).state, read_run(folder).failure) == ("failed", "NaN")
    (folder / "failure.json").write_text("{")
    assert read_run(folder).state == "stopped"


@pytest.mark.parametrize("change", [{"config": {}}, {"config": {"iterations": "many"}}, {"seed": None}])
def test_a_description_that_is_none_of_a_run_is_refused_in_one_line(folder, change):
    described = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**described, **change}))
    with pytest.raises(DevalError) as caught:
        read_run(folder)
    assert "\n" not in str(caught.value)


def test_models_of_one_name_are_distinguished_by_where_they_are_from(folder):
    (run,) = find_runs([folder])
    other = replace(run, distribution="e", version=2)
    assert labels_of_runs([run, other]) == ["a of d (version 1)", "a of e (version 2)"]
    named = [replace(one, name="ours") for one in (run, other)]
    assert labels_of_runs(named) == ["ours a of d (version 1)", "ours a of e (version 2)"]


def test_a_run_that_is_named_twice_is_one_run_and_a_folder_without_any_is_refused(folder, tmp_path):
    assert [run.name for run in find_named_runs([f"ours={folder}", str(tmp_path)])] == ["ours"]
    with pytest.raises(UsageError, match="as 'ours' and as 'theirs', expected one name per run"):
        find_named_runs([f"ours={folder}", f"theirs={folder}"])
    with pytest.raises(UsageError, match="which does not exist"):
        find_runs([tmp_path / "absent"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="which holds no run"):
        find_runs([tmp_path / "empty"])
    (tmp_path / "mine.toml").touch()
    with pytest.raises(UsageError, match=r"which holds no run, .* the runs of a study are in its folder"):
        find_runs([tmp_path / "mine.toml"])


def test_a_score_over_iterations_is_the_mean_of_its_draws_and_lines_without_details_have_none(folder):
    line = json.loads((folder / "results.jsonl").read_text())
    lines = [{**line, "iteration": 10}, {**line, "iteration": 10, "value": 3, "seed": 1}, line]
    del lines[1]["details"]
    (folder / "results.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
    (run,) = find_runs([folder])
    assert score_of("mig").points(run).tolist() == [[10, 2], [20, 1]]
    assert score_of("mig:p:gap").points(run).tolist() == [[10, 0.5], [20, 0.5]]
    assert score_of("mig:p:gap").newest(run) == 0.5
    assert score_of("mig:other").newest(run) is None


def test_of_several_draws_that_of_the_lowest_seed_is_newest_as_in_a_comparison(folder):
    line = json.loads((folder / "results.jsonl").read_text())
    lines = [{**line, "value": 3, "seed": 1}, {**line, "value": 2, "seed": 0}]
    (folder / "results.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
    (run,) = find_runs([folder])
    assert score_of("mig").newest(run) == 2 == compare([run]).cells["a"]["mig p"].mean


def test_every_metric_counts_at_its_own_newest_iteration_and_the_last_line_of_equal_ones(folder):
    line = json.loads((folder / "results.jsonl").read_text())
    of_others = {**line, "metric": "dci", "iteration": 20}
    lines = [{**line, "iteration": 5, "value": 0.1}, {**line, "iteration": 10, "value": 0.2}, of_others]
    lines += [{**line, "iteration": 10, "value": 0.3, "checkpoint_sha256": "another"}]
    (folder / "results.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
    found = {result["metric"]: (result["iteration"], result["value"]) for result in newest_results(read_run(folder))}
    assert found == {"mig": (10, 0.3), "dci": (20, line["value"])}
    compared = compare(find_runs([folder]))
    assert {column.title for column in compared.columns} == {"mig p", "dci p"}
    assert any("mig:p scored at iteration 10 of 20" in note for note in compared.notes)
