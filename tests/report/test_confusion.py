"""The confusion matrix of a run's newest cluster accuracy."""

from __future__ import annotations

from typing import Any

from disentangle_eval.report.confusion import cluster_order, confusion_figure

DETAILS = {
    "hungarian": 0.9,
    "majority": 0.9,
    "hungarian_names": [5, -1, 3],
    "majority_names": [5, 5, 3],
    "classes": [3, 5],
    "confusion": [[0, 1, 30], [20, 7, 2]],
    "column": 4,
    "n": 60,
}
RESULT: dict[str, Any] = {"metric": "cluster-accuracy", "details": DETAILS, "model": "m", "iteration": 10}


def test_clusters_stand_in_the_order_of_their_classes_and_the_nameless_last() -> None:
    assert cluster_order([3, 5], [5, -1, 3]) == [2, 0, 1]
    figure = confusion_figure([RESULT])
    assert figure is not None
    axes = figure.axes[0]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["2", "0", "1"]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["3", "5"]
    shown = {(round(text.get_position()[0]), round(text.get_position()[1])): text.get_text() for text in axes.texts}
    assert shown == {(0, 0): "30", (2, 0): "1", (0, 1): "2", (1, 1): "20", (2, 1): "7"}


def test_the_newest_score_is_drawn_and_other_metrics_are_not() -> None:
    newest = {**RESULT, "iteration": 2000, "train_seed": 3, "trained_on": "digits"}
    figure = confusion_figure([RESULT, newest, {"metric": "factorvae", "details": {}}])
    assert figure is not None
    assert figure.axes[0].get_title(loc="left").startswith("m on digits, seed 3, iteration 2,000\n")
    assert confusion_figure([{"metric": "factorvae", "details": {}}]) is None
