"""Figures of many runs: what is drawn is what logs and results hold."""

import numpy as np
import pytest
from run_folders import write_run

from disentangle_eval.errors import UsageError
from disentangle_eval.study import plotting
from disentangle_eval.study.runs import find_runs


@pytest.fixture
def runs(tmp_path):
    for beta in (1, 4):
        for seed in (0, 1):
            write_run(tmp_path / f"{beta}-{seed}", seed, beta)
    return find_runs([tmp_path])


def lines_of(axes):
    return [np.column_stack(line.get_data()) for line in axes.lines]


def test_a_curve_is_the_mean_over_seeds(runs):
    axes = plotting.curve(runs, "loss").axes[0]
    assert np.allclose(lines_of(axes), [[[10, 10.5], [20, 20.5]], [[10, 40.5], [20, 80.5]]])


def test_a_vector_term_is_summed(runs):
    assert plotting.term_of(runs[0], "kl").tolist() == [[10, 2], [20, 3]]


def test_a_strip_has_a_dot_per_seed_and_names_chance(runs):
    axes = plotting.strip(runs, "mig:p").axes[0]
    assert lines_of(axes)[0].tolist() == [[1, 0], [2, 0]]
    assert [text.get_text() for text in axes.texts] == ["chance"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a beta=1 (2)", "a beta=4 (2)"]


def test_a_scatter_takes_scores_details_and_terms(runs):
    axes = plotting.scatter(runs, "loss", "mig:p:gap").axes[0]
    assert lines_of(axes)[0].tolist() == [[20, 0.5], [21, 0.5]]


def test_a_name_that_no_run_has(runs):
    with pytest.raises(UsageError, match="mig:p"):
        plotting.strip(runs, "sap")
