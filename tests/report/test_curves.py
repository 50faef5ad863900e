"""Plots of logs and scores: what is drawn, in which unit, under which name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from PIL import Image

from disentangle_eval.report.curves import bounds_figure, kl_figure, losses_figure, running_mean, series
from disentangle_eval.report.score_curve import curves, scores_figure
from disentangle_eval.report.style import save_figure, spread

LOG = [
    {"iteration": 100 * n, "loss_d": 1.0 / n, "lower_bound": 1.0 * n, "upper_bound": 2.0 * n, "kl": [0.1 * n, 0.3]}
    for n in range(1, 6)
]


def result(iteration: int | None, value: float, protocol: str = "dlib", **changes: Any) -> dict[str, Any]:
    return {
        "metric": "factorvae",
        "metric_version": 1,
        "value": value,
        "better": "higher",
        "chance": 0.2,
        "settings": {"protocol": protocol},
        "seed": 0,
        "dataset": "dsprites@drawn",
        "dataset_sha256": "a",
        "iteration": iteration,
        **changes,
    }


def texts(figure: Any) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_bounds_are_drawn_in_nats_with_the_room_between_them() -> None:
    figure = bounds_figure(LOG)
    assert figure is not None
    (axes,) = figure.axes
    assert "nats" in axes.get_ylabel()
    lower, upper = axes.lines
    np.testing.assert_array_equal(lower.get_xydata(), [[100 * n, n] for n in range(1, 6)])
    np.testing.assert_array_equal(upper.get_ydata(), [2 * n for n in range(1, 6)])
    assert len(axes.collections) == 1


def test_dimensions_are_named_highest_first_and_losses_leave_the_bounds_out() -> None:
    figure = kl_figure(LOG)
    assert figure is not None
    assert texts(figure) == ["dimension 0", "dimension 1"]
    losses = losses_figure(LOG)
    assert losses is not None
    assert [axes.get_title(loc="left") for axes in losses.axes] == ["loss d"]


def test_what_the_log_lacks_is_not_drawn() -> None:
    assert bounds_figure([{"iteration": 1, "loss": 1.0}]) is None
    assert kl_figure([{"iteration": 1, "loss": 1.0}]) is None
    assert losses_figure([]) is None
    assert scores_figure([result(None, 0.5)]) is None
    assert series([{"iteration": 1, "a": 2.0}, {"iteration": 2}], "a").tolist() == [[1, 2]]


def test_a_running_mean_follows_a_noisy_line_without_shift_and_leaves_short_curves_alone() -> None:
    iterations = np.arange(1000.0)
    line = np.stack([iterations, 5 * iterations], axis=1)
    smooth = running_mean(line)
    np.testing.assert_allclose(smooth[10:-10], line[10:-10])
    np.testing.assert_array_equal(running_mean(line[:50]), line[:50])


def test_results_of_different_settings_or_data_never_share_a_curve() -> None:
    found = curves(
        [
            result(0, 0.1),
            result(10, 0.2),
            result(10, 0.3, "ib-gan"),
            result(10, 0.4, dataset="dsprites@archive", dataset_sha256="b"),
            result(10, 0.5, settings={"protocol": "dlib", "train_votes": 7}),
        ]
    )
    assert [[line["value"] for line in lines] for lines in found.values()] == [[0.1, 0.2], [0.3], [0.4], [0.5]]
    assert list(found)[:3] == ["dlib", "ib-gan", "dlib, dsprites@archive"]


def test_scores_of_several_seeds_are_dots_about_their_mean_over_chance() -> None:
    figure = scores_figure([result(0, 0.3), result(10, 0.4, seed=0), result(10, 0.6, seed=1)])
    assert figure is not None
    mean, dots, chance = figure.axes[0].lines
    assert mean.get_ydata().tolist() == [0.3, 0.5]
    assert sorted(dots.get_ydata().tolist()) == [0.3, 0.4, 0.6]
    assert list(chance.get_ydata()) == [0.2, 0.2]
    assert texts(figure) == ["dlib", "chance, dlib"]


@pytest.mark.parametrize(
    ("values", "gap", "expected"),
    [([0.0, 5.0], 1, [0.0, 5.0]), ([1.0, 1.0], 1, [0.5, 1.5]), ([2.0, -1.0, 1.9, 1.8], 1, [2.9, -1.0, 1.9, 0.9])],
)
def test_names_move_apart_just_enough(values: list[float], gap: float, expected: list[float]) -> None:
    assert spread(values, gap) == pytest.approx(expected)


def test_names_stay_above_the_axis_and_apart() -> None:
    assert spread([0.0, 0.1, 5.0, 1.5], 1, least=0) == pytest.approx([0, 1, 5, 2])


def test_a_figure_becomes_a_file_whatever_the_process_style_is(tmp_path: Path) -> None:
    with matplotlib.rc_context({"figure.dpi": 31, "axes.grid": False}):
        figure = bounds_figure(LOG)
        assert figure is not None
        save_figure(tmp_path / "a.png", figure)
        assert matplotlib.rcParams["figure.dpi"] == 31
    assert Image.open(tmp_path / "a.png").size == (1280, 680)


def test_metrics_scored_once_are_left_out_where_others_were_followed_over_training():
    lines = [{**result(iteration, 0.3), "metric": name} for name, at in METRICS.items() for iteration in at]
    labels = [axes.get_ylabel().partition(",")[0] for axes in scores_figure(lines).axes]
    assert labels == ["a", "b"]


def test_metrics_scored_once_share_a_panel_if_they_go_from_0_to_1_and_chance_crosses_each_bar():
    lines = [{**result(10, 0.3), "metric": f"metric{i}"} for i in range(4)]
    lines += [{**result(10, 30.0), "metric": "nats"}, {**result(10, 0.3), "metric": "error", "better": "lower"}]
    shared, *own = scores_figure(lines).axes
    assert [tick.get_text() for tick in shared.get_yticklabels()] == [f"metric{i} dlib" for i in range(4)]
    assert [list(chance.get_xdata()) for chance in shared.lines] == [[0.2, 0.2]] * 4
    assert shared.get_title(loc="left") == "higher is better, dashed: chance"
    assert [axes.get_yticklabels()[0].get_text() for axes in own] == ["nats dlib", "error dlib"]


def test_a_snapshot_without_an_active_dimension_has_no_chance_level():
    figure = scores_figure([{**result(0, 0.0), "chance": 0.0}, result(10, 0.4), result(20, 0.5)])
    _, chance = figure.axes[0].lines
    assert chance.get_xdata().tolist() == [10, 20]


METRICS = {"a": (0, 10), "once": (10,), "b": (5, 10)}
