"""The interval of a mean: how often it contains the true one, and an evaluation by SciPy."""

import numpy as np
import pytest
from doc_pages import table_of
from scipy import stats

from disentangle_eval.intervals import mean_interval

SETS = 2000


def normal(random, shape):
    return random.normal(size=shape)


def failing(random, shape):
    """Normal scores, ten standard deviations lower with probability 0.2."""
    return normal(random, shape) - 10 * (random.random(shape) < 0.2)


DISTRIBUTIONS = {
    "normal": (normal, 0.0),
    "uniform": (lambda random, shape: random.random(shape), 0.5),
    "exponential, a skewed distribution": (lambda random, shape: random.exponential(size=shape), 1.0),
    "normal, but one run in five fails and scores ten standard deviations lower": (failing, -2.0),
}


def coverage(draw, mean, count):
    """The share of sets of scores whose interval contains the true mean."""
    sets = draw(np.random.default_rng(count), (SETS, count)).tolist()
    return np.mean([low <= mean <= high for low, high in map(mean_interval, sets)])


@pytest.mark.parametrize("count", [2, 3, 5, 20])
def test_intervals_contain_the_true_mean_of_normal_scores_in_95_percent_of_cases(count):
    assert 0.935 <= coverage(normal, 0.0, count) <= 0.965


def test_the_coverage_of_other_scores_is_as_the_page_says():
    header, *rows = table_of("studies.md", "scores of seeds")
    counts = [int(cell.split()[0]) for cell in header[1:]]
    assert {name for name, *_ in rows} == set(DISTRIBUTIONS)
    for name, *shown in rows:
        found = [coverage(*DISTRIBUTIONS[name], count) for count in counts]
        assert [float(cell.rstrip("%")) / 100 for cell in shown] == pytest.approx(found, abs=0.025), name


@pytest.mark.parametrize("values", [[0.2, 0.9], [0.972, 0.877, 0.971], [3.0, 1e9, -2.0, 7.0, 7.0]])
def test_the_interval_is_that_of_scipy(values):
    assert mean_interval(values) == pytest.approx(stats.ttest_1samp(values, 0).confidence_interval(0.95))


def test_one_value_has_no_interval():
    assert mean_interval([0.7]) is None
    assert mean_interval([]) is None


def test_equal_values_have_an_interval_without_width():
    assert mean_interval([0.5, 0.5, 0.5]) == (0.5, 0.5)


def test_the_interval_may_leave_the_range_of_a_score():
    _, high = mean_interval([0.9, 1.0])
    assert high > 1
