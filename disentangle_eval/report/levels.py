"""Values worth a line across a figure: chance levels and published scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes

from disentangle_eval.report.style import INK

LINE: dict[str, Any] = {"color": INK, "linewidth": 0.9, "linestyle": "--"}


@dataclass(frozen=True)
class Level:
    """A value worth a line across a figure, such as chance or a published score, and its name."""

    value: float
    name: str


def draw_levels(axes: Axes, levels: Sequence[Level]) -> list[tuple[float, str, str]]:
    """Dashed lines across a figure, and what names them at their right ends, as `label_lines` takes it."""
    for level in levels:
        axes.axhline(level.value, **LINE)
    return [(level.value, level.name, INK) for level in levels]
