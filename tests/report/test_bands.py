"""Curves of many runs, as mean over seeds in a band."""

import numpy as np
from matplotlib.figure import Figure

from disentangle_eval.report.bands import draw_band


def test_the_mean_over_seeds_is_drawn_where_all_of_them_have_a_value() -> None:
    axes = Figure().subplots()
    curves = [np.array([[1.0, 0.0], [2.0, 4.0], [3.0, 9.0]]), np.array([[1.0, 2.0], [2.0, 8.0]])]
    assert draw_band(axes, curves, "black") == 6.0
    np.testing.assert_array_equal(axes.lines[0].get_xydata(), [[1, 1], [2, 6]])


def test_a_mean_at_one_iteration_alone_is_a_dot_on_a_line_from_least_to_greatest() -> None:
    axes = Figure().subplots()
    assert draw_band(axes, [np.array([[5.0, 1.0]]), np.array([[5.0, 2.0]])], "black") == 1.5
    assert axes.lines[0].get_marker() == "o"
    np.testing.assert_array_equal(axes.collections[0].get_segments()[0], [[5, 1], [5, 2]])


def test_curves_without_a_common_iteration_draw_nothing() -> None:
    axes = Figure().subplots()
    assert draw_band(axes, [np.array([[1.0, 0.0]]), np.array([[2.0, 0.0]])], "black") is None
    assert not axes.lines
