"""Figures of many runs: what is drawn is what logs and results hold."""

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from run_folders import write_run

from disentangle_eval.cli.study_figure import figure
from disentangle_eval.errors import UsageError
from disentangle_eval.report.scatter import Marked, scatter_figure
from disentangle_eval.study import plotting
from disentangle_eval.study.figure import FigureSettings, Published
from disentangle_eval.study.quantities import Term
from disentangle_eval.study.runs import find_named_runs, find_runs


@pytest.fixture
def runs(tmp_path):
    for beta in (1, 4):
        for seed in (0, 1):
            write_run(tmp_path / f"{beta}-{seed}", seed, beta)
    return find_runs([tmp_path])


def lines_of(axes):
    return [np.column_stack(line.get_data()) for line in axes.lines]


def texts_of(axes):
    return [text.get_text() for text in axes.texts if text.get_text()]


def test_a_curve_is_the_mean_over_seeds(runs):
    axes = plotting.curve(runs, ["loss"]).axes[0]
    assert np.allclose(lines_of(axes), [[[10, 10.5], [20, 20.5]], [[10, 40.5], [20, 80.5]]])


def test_several_quantities_of_one_setting_are_named_by_what_they_are(runs):
    axes = plotting.curve(runs[:2], ["loss", "kl"]).axes[0]
    assert texts_of(axes) == ["loss (2)", "kl (2)"]
    assert np.allclose(lines_of(axes)[1], [[10, 2], [20, 3]])


@pytest.fixture
def ambiguous(tmp_path):
    """Runs that log `loss` and are scored by a metric of that name."""
    for seed in (0, 1):
        write_run(tmp_path / str(seed), seed, 1)
        results = tmp_path / str(seed) / "results.jsonl"
        results.write_text(results.read_text().replace('"mig"', '"loss"'))
    return find_runs([tmp_path])


DRAWN = {
    "curve": lambda runs, name: plotting.curve(runs, [name]),
    "strip": plotting.strip,
    "scatter": lambda runs, name: plotting.scatter(runs, "kl", name),
    "against": lambda runs, name: plotting.against(runs, "beta", [name]),
}


@pytest.mark.parametrize("kind", DRAWN)
def test_the_name_of_a_term_and_a_metric_is_refused_and_each_has_one_of_its_own(ambiguous, kind):
    draw = DRAWN[kind]
    with pytest.raises(UsageError, match="expected term:loss or loss:p"):
        draw(ambiguous, "loss")
    assert "chance" in texts_of(draw(ambiguous, "loss:p").axes[0])
    assert "chance" not in texts_of(draw(ambiguous, "term:loss").axes[0])
    assert draw(ambiguous[:1], "term:kl")
    with pytest.raises(UsageError, match="of these runs: kl, term:loss, loss:p"):
        draw(ambiguous, "other")


def test_a_quantity_is_the_same_for_every_run(runs, tmp_path):
    (tmp_path / "1-0" / "results.jsonl").unlink()
    (tmp_path / "4-0" / "log.jsonl").write_text('{"iteration": 10, "mig": 3}\n')
    with pytest.raises(UsageError, match="term:mig or mig:p"):
        plotting.strip(find_runs([tmp_path]), "mig")
    axes = plotting.strip(find_runs([tmp_path]), "mig:p").axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a beta=1 (1)", "a beta=4 (2)"]


def rescored(folder, *changes):
    """Write a run's score once more for each of some changes to it."""
    results = folder / "results.jsonl"
    score = json.loads(results.read_text())
    results.write_text("".join(json.dumps({**score, **change}) + "\n" for change in changes))


def test_scores_of_several_protocols_are_never_one_quantity(runs, tmp_path):
    rescored(tmp_path / "1-0", {}, {"settings": {"protocol": "q"}, "value": 100})
    found = find_runs([tmp_path])
    for draw in DRAWN.values():
        with pytest.raises(UsageError, match="'mig', scores of several protocols, expected mig:p or mig:q"):
            draw(found, "mig")
    with pytest.raises(UsageError, match="expected mig:p:gap or mig:q:gap"):
        plotting.strip(found, "mig::gap")
    assert lines_of(plotting.strip(found, "mig:p").axes[0])[0].tolist() == [[1, 0], [2, 0]]


def test_a_score_is_that_on_the_data_of_the_training_and_never_a_mean_over_data(runs, tmp_path):
    other = {"dataset": "other", "dataset_sha256": "o", "value": 100}
    rescored(tmp_path / "1-0", {"trained_on": "grid"}, {"trained_on": "grid", **other})
    assert lines_of(plotting.curve(find_runs([tmp_path]), ["mig"]).axes[0])[0].tolist() == [[20, 1.5]]
    rescored(tmp_path / "1-1", other)
    with pytest.raises(UsageError, match="several data"):
        plotting.curve(find_runs([tmp_path]), ["mig"])


def test_the_axis_of_a_score_names_its_protocol(runs):
    assert plotting.strip(runs, "mig").axes[0].get_xlabel() == "mig p (dot: seed, bar: mean)"
    assert plotting.curve(runs, ["mig"]).axes[0].get_ylabel() == "mig p"


def test_a_figure_shows_the_scores_on_the_data_set_that_it_names(runs, tmp_path):
    rescored(tmp_path / "1-0", {}, {"dataset": "other@drawn", "dataset_sha256": "o", "value": 9})
    settings = {"kind": "strip", "show": ("mig",)}
    with pytest.raises(UsageError, match="--dataset NAME shows those on one data set"):
        plotting.figure_of(find_runs([tmp_path]), FigureSettings(**settings))
    axes = plotting.figure_of(find_runs([tmp_path]), FigureSettings(**settings, dataset="other")).axes[0]
    assert lines_of(axes)[0].tolist() == [[9, 0]]
    with pytest.raises(UsageError, match=r"--dataset: received 'else', expected .*: grid, other@drawn"):
        plotting.figure_of(find_runs([tmp_path]), FigureSettings(**settings, dataset="else"))


def test_each_data_set_has_its_chance_level(runs):
    moved = [line | {"dataset": "other@drawn", "chance": 0.3} for line in runs[0].results]
    axes = plotting.strip([replace(runs[0], dataset="other", results=moved), *runs[1:]], "mig").axes[0]
    assert sorted(texts_of(axes)) == ["chance on grid", "chance on other"]


def test_the_title_counts_runs_that_are_unfinished(runs):
    cut = [replace(runs[0], state="stopped"), *runs[1:]]
    assert plotting.strip(cut, "mig").get_suptitle() == "a on grid, 4 runs (1 unfinished), seeds 0 to 1"


def test_chance_is_that_of_the_runs_that_are_drawn(runs, tmp_path):
    write_run(tmp_path / "without", 0, 1)
    described = tmp_path / "without" / "run.json"
    described.write_text(described.read_text().replace('"beta"', '"gamma"'))
    rescored(tmp_path / "without", {"chance": 0.9})
    drawn = plotting.against(find_runs([tmp_path]), "beta", ["mig"])
    assert lines_of(drawn.axes[0])[-1].tolist() == [[0, 0.1], [1, 0.1]]


def test_a_score_without_a_chance_level_has_no_line(runs, tmp_path):
    for run in runs:
        results = run.folder / "results.jsonl"
        results.write_text(results.read_text().replace('"chance"', '"likely"'))
    assert texts_of(plotting.strip(find_runs([tmp_path]), "mig").axes[0]) == []


def test_runs_are_called_by_the_name_that_they_are_given(runs, tmp_path):
    named = find_named_runs([f"ours={tmp_path / '1-0'}", f"ours={tmp_path / '1-1'}", str(tmp_path / "4-0")])
    axes = plotting.curve(named, ["loss"], [Published(name="limit", value=30)]).axes[0]
    assert texts_of(axes) == ["ours (2)", "a (1)", "limit"]
    mixed = find_named_runs([f"ours={tmp_path}"])
    assert texts_of(plotting.curve(mixed, ["loss"]).axes[0]) == ["ours beta=1 (2)", "ours beta=4 (2)"]


def test_a_vector_term_is_summed(runs):
    assert Term("kl").points(runs[0]).tolist() == [[10, 2], [20, 3]]


def test_the_entries_of_a_vector_are_matched_by_rank(runs):
    drawn = plotting.dimensions(runs, "kl")
    first, second = drawn.axes
    assert np.allclose(lines_of(first), [[[10, 1], [20, 2]], [[10, 1], [20, 1]]])
    assert np.allclose(lines_of(second), [[[10, 4], [20, 4]], [[10, 1], [20, 2]]])
    assert first.get_ylim()[0] == 0


def test_a_strip_has_a_dot_per_seed_and_names_chance_and_what_was_published(runs):
    axes = plotting.strip(runs, "mig:p", published=[Published(name="paper", value=2.5)]).axes[0]
    assert lines_of(axes)[0].tolist() == [[1, 0], [2, 0]]
    assert sorted(texts_of(axes)) == ["chance", "paper"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a beta=1 (2)", "a beta=4 (2)"]


def test_names_of_levels_above_a_strip_never_overlap(runs):
    published = [Published(name=f"an author with a long name ({value})", value=value) for value in (2.5, 2.4, 4.1, 2.6)]
    drawn = plotting.strip(runs, "mig:p", published=published)
    drawn.draw_without_rendering()
    boxes = [text.get_window_extent() for text in drawn.axes[0].texts if text.get_text()]
    assert len(boxes) == 5
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))


def test_a_scatter_takes_scores_details_and_terms(runs):
    axes = plotting.scatter(runs, "loss", "mig:p:gap", published=[Published(name="paper", x=30, y=0.25)]).axes[0]
    assert lines_of(axes)[0].tolist() == [[20, 0.5], [21, 0.5]]
    assert lines_of(axes)[-1].tolist() == [[30, 0.25]]


def test_the_settings_of_a_model_are_joined_in_the_order_of_their_numbers(tmp_path):
    for beta in (16, 4, 0.5):
        write_run(tmp_path / f"beta={beta}", 0, beta)
    axes = plotting.scatter(find_runs([tmp_path]), "loss", "mig", joined=True).axes[0]
    assert [0.5, 4, 16] in [line[:, 1].tolist() for line in lines_of(axes)]


def test_models_and_data_sets_of_one_name_are_not_joined(runs):
    others = [replace(runs[0], model="b"), replace(runs[1], dataset="other"), *runs[2:]]
    axes = plotting.scatter([replace(run, name="my runs") for run in others], "loss", "mig", joined=True).axes[0]
    assert max(len(line) for line in lines_of(axes)) == 2  # but for dots of two seeds, all are single points
    names = ["chance", "my runs a beta=1 on other", "my runs a beta=4 on grid", "my runs b on grid"]
    assert sorted(texts_of(axes)) == names


def test_the_name_of_a_level_is_outside_the_axes_of_a_scatter_where_no_point_is(runs):
    drawn = plotting.scatter(runs, "loss", "mig", published=[Published(name="a paper", value=5)])
    drawn.draw_without_rendering()
    axes = drawn.axes[0]
    names = {text.get_text(): text.get_window_extent() for text in axes.texts}
    assert all((text.x0 > axes.bbox.x1) == (name in ("chance", "a paper")) for name, text in names.items())
    assert all(text.x1 < axes.bbox.x1 for name, text in names.items() if name.startswith("a beta"))
    assert names["a paper"].x1 < drawn.bbox.x1


def test_the_name_of_a_setting_is_where_it_meets_no_point():
    points = {
        "beta-vae": np.array([[70.3, 0.69], [71.4, 0.685], [71.3, 0.653], [71.5, 0.596], [76.5, 0.725]]),
        "factorvae": np.array([[69.7, 0.825], [77.4, 0.846], [74.6, 0.741], [74.2, 0.732], [71.6, 0.639]]),
        "vae": np.array([[47.3, 0.607], [51.4, 0.656], [55.3, 0.769], [57.8, 0.668], [57.2, 0.583]]),
        "beta-tcvae": np.array([[89.4, 0.731], [92.8, 0.638]]),
    }
    drawn = scatter_figure(points, "x", "y", marked=[Marked(x=91, y=0.7, name="an author")])
    drawn.draw_without_rendering()
    (axes,) = drawn.axes
    pixels = axes.transData.transform(np.concatenate(list(points.values())))
    boxes = [text.get_window_extent() for text in axes.texts]
    assert len(boxes) == 5
    assert not any(box.count_contains(pixels) for box in boxes)
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
    assert all(axes.bbox.x0 < box.x0 and box.x1 < axes.bbox.x1 for box in boxes)


def test_scores_over_a_setting_have_a_panel_each_and_chance(runs):
    drawn = plotting.against(runs, "beta", ["mig:p", "loss"])
    first, second = drawn.axes
    assert lines_of(first)[0].tolist() == [[1, 1.5], [4, 4.5]]
    assert texts_of(first) == ["a (2)", "chance"]
    assert lines_of(second)[0].tolist() == [[1, 20.5], [4, 80.5]]
    assert drawn.get_suptitle() == "a on grid, 4 runs, seeds 0 to 1"


def test_the_median_of_a_run_is_over_what_it_logged(runs):
    assert Term("loss").value(runs[0], "newest") == 20
    assert Term("loss").value(runs[0], "median") == 15


def test_a_name_that_no_run_has(runs):
    with pytest.raises(UsageError, match="mig:p"):
        plotting.strip(runs, "sap")
    with pytest.raises(UsageError, match="beta"):
        plotting.against(runs, "gamma", ["loss"])


def test_a_kind_takes_its_number_of_names_and_a_setting_where_it_needs_one(runs):
    for settings in ({"kind": "scatter", "show": ("loss",)}, {"kind": "against", "show": ("loss",)}):
        with pytest.raises(UsageError):
            plotting.figure_of(runs, FigureSettings(**settings))


@pytest.mark.parametrize(
    ("kind", "given", "said"),
    [
        ("curve", {"take": "median"}, "--take: received the kind curve"),
        ("dimensions", {"take": "median"}, "--take: received the kind dimensions"),
        ("strip", {"published": ({"name": "paper", "x": 1, "y": 2},)}, "published: received 'paper', which strip"),
        ("strip", {"published": ({"name": "paper"},)}, "expected a value, or x and y"),
    ],
)
def test_what_a_kind_does_not_draw_is_refused(kind, given, said):
    with pytest.raises(UsageError, match=said):
        FigureSettings(kind=kind, show=("kl",), **given).refuse_misfit()


def test_a_study_draws_its_figure_with_published_numbers(tmp_path):
    write_run(tmp_path / "runs" / "a", seed=0, beta=1)
    file = tmp_path / "some.toml"
    published = '[[figure.published]]\nname = "paper"\nvalue = 0.5\n'
    models = 'metrics = ["of-no-plugin"]\n[[models]]\nmodel = "of-no-plugin"\n'
    file.write_text(f'name = "some"\n{models}[figure]\nkind = "strip"\nshow = ["mig"]\n{published}')
    out = tmp_path / "some.svg"
    result = CliRunner().invoke(figure, [str(file), "--folder", str(tmp_path / "runs"), "-o", str(out)])
    assert result.exit_code == 0, result.output
    assert out.read_text().count("<!-- paper -->") == 1
    file.write_text(f'name = "some"\n{models}')
    assert "no [figure]" in str(CliRunner().invoke(figure, [str(file)]).exception)
