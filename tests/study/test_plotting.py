"""Figures of many runs: what is drawn is what logs and results hold."""

import numpy as np
import pytest
from click.testing import CliRunner
from run_folders import write_run

from disentangle_eval.cli.study_figure import figure
from disentangle_eval.errors import UsageError
from disentangle_eval.study import plotting
from disentangle_eval.study.figure import FigureSettings, Published
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
    return [text.get_text() for text in axes.texts]


def test_a_curve_is_the_mean_over_seeds(runs):
    axes = plotting.curve(runs, ["loss"]).axes[0]
    assert np.allclose(lines_of(axes), [[[10, 10.5], [20, 20.5]], [[10, 40.5], [20, 80.5]]])


def test_several_quantities_of_one_setting_are_named_by_what_they_are(runs):
    axes = plotting.curve(runs[:2], ["loss", "kl"]).axes[0]
    assert texts_of(axes) == ["loss (2)", "kl (2)"]
    assert np.allclose(lines_of(axes)[1], [[10, 2], [20, 3]])


def test_a_term_with_the_name_of_a_metric_has_no_chance(tmp_path):
    write_run(tmp_path / "run", 0, 1)
    results = tmp_path / "run" / "results.jsonl"
    results.write_text(results.read_text().replace('"mig"', '"loss"'))
    runs = find_runs([tmp_path])
    assert texts_of(plotting.curve(runs, ["loss"]).axes[0]) == ["a (1)"]
    assert texts_of(plotting.curve(runs, ["loss:p"]).axes[0]) == ["a (1)", "chance"]


def test_runs_are_called_by_the_name_that_they_are_given(runs, tmp_path):
    named = find_named_runs([f"ours={tmp_path / '1-0'}", f"ours={tmp_path / '1-1'}", str(tmp_path / "4-0")])
    axes = plotting.curve(named, ["loss"], [Published(name="limit", value=30)]).axes[0]
    assert texts_of(axes) == ["ours (2)", "a (1)", "limit"]
    mixed = find_named_runs([f"ours={tmp_path}"])
    assert texts_of(plotting.curve(mixed, ["loss"]).axes[0]) == ["ours beta=1 (2)", "ours beta=4 (2)"]


def test_a_vector_term_is_summed(runs):
    assert plotting.term_of(runs[0], "kl").tolist() == [[10, 2], [20, 3]]


def test_the_entries_of_a_vector_are_matched_by_rank(runs):
    drawn = plotting.dimensions(runs, "kl")
    first, second = drawn.axes
    assert np.allclose(lines_of(first), [[[10, 1], [20, 2]], [[10, 1], [20, 1]]])
    assert np.allclose(lines_of(second), [[[10, 4], [20, 4]], [[10, 1], [20, 2]]])
    assert first.get_ylim()[0] == 0


def test_a_strip_has_a_dot_per_seed_and_names_chance_and_what_was_published(runs):
    axes = plotting.strip(runs, "mig:p", published=[Published(name="paper", value=2.5)]).axes[0]
    assert lines_of(axes)[0].tolist() == [[1, 0], [2, 0]]
    assert texts_of(axes) == ["chance", "paper"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a beta=1 (2)", "a beta=4 (2)"]


def test_a_scatter_takes_scores_details_and_terms(runs):
    axes = plotting.scatter(runs, "loss", "mig:p:gap", published=[Published(name="paper", x=30, y=0.25)]).axes[0]
    assert lines_of(axes)[0].tolist() == [[20, 0.5], [21, 0.5]]
    assert lines_of(axes)[-1].tolist() == [[30, 0.25]]


def test_scores_over_a_setting_have_a_panel_each_and_chance(runs):
    drawn = plotting.against(runs, "beta", ["mig:p", "loss"])
    first, second = drawn.axes
    assert lines_of(first)[0].tolist() == [[1, 1.5], [4, 4.5]]
    assert texts_of(first) == ["a (2)", "chance"]
    assert lines_of(second)[0].tolist() == [[1, 20.5], [4, 80.5]]
    assert drawn.get_suptitle() == "a on grid, 4 runs, seeds 0 to 1"


def test_the_median_of_a_run_is_over_what_it_logged(runs):
    assert plotting.value_of(runs[0], "loss", "newest") == 20
    assert plotting.value_of(runs[0], "loss", "median") == 15


def test_a_name_that_no_run_has(runs):
    with pytest.raises(UsageError, match="mig:p"):
        plotting.strip(runs, "sap")
    with pytest.raises(UsageError, match="beta"):
        plotting.against(runs, "gamma", ["loss"])


def test_a_kind_takes_its_number_of_names_and_a_setting_where_it_needs_one(runs):
    for settings in ({"kind": "scatter", "show": ("loss",)}, {"kind": "against", "show": ("loss",)}):
        with pytest.raises(UsageError):
            plotting.figure_of(runs, FigureSettings(**settings))


def test_a_study_draws_its_figure_with_published_numbers(tmp_path):
    write_run(tmp_path / "runs" / "a", seed=0, beta=1)
    file = tmp_path / "some.toml"
    published = '[[figure.published]]\nname = "paper"\nvalue = 0.5\n'
    models = '[[models]]\nmodel = "vae"\n'
    file.write_text(f'name = "some"\n{models}[figure]\nkind = "strip"\nshow = ["mig"]\n{published}')
    out = tmp_path / "some.svg"
    result = CliRunner().invoke(figure, [str(file), "--folder", str(tmp_path / "runs"), "-o", str(out)])
    assert result.exit_code == 0, result.output
    assert out.read_text().count("<!-- paper -->") == 1
    file.write_text(f'name = "some"\n{models}')
    assert "no [figure]" in str(CliRunner().invoke(figure, [str(file)]).exception)
