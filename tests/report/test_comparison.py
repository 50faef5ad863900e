import numpy as np
from matplotlib.colors import to_hex

from disentangle_eval.report.comparison import comparison_figure


def log(slope, length=5):
    return [{"iteration": 100 * i, "bound": slope * i} for i in range(1, length)]


def test_runs_of_one_name_share_a_colour_and_a_label_at_the_mean_of_their_ends():
    figure = comparison_figure(
        {"A/0": log(1.0), "A/1": log(3.0), "B": log(-1.0)}, "bound", "nats", level=(2.3, "limit"), title="A and B"
    )
    (axes,) = figure.axes
    *curves, level = axes.lines
    colours = [to_hex(curve.get_color()) for curve in curves]
    assert colours[0] == colours[1] != colours[2]
    assert [list(curve.get_ydata()) for curve in curves] == [[1, 2, 3, 4], [3, 6, 9, 12], [-1, -2, -3, -4]]
    assert list(level.get_ydata()) == [2.3, 2.3]
    assert {text.get_text(): text.xy[1] for text in axes.texts} == {"A": 8.0, "limit": 2.3, "B": -4.0}
    np.testing.assert_array_equal(curves[0].get_xdata(), [100, 200, 300, 400])


def test_there_is_no_figure_of_a_term_that_no_log_has():
    assert comparison_figure({"A": log(1.0)}, "kl", "nats") is None
