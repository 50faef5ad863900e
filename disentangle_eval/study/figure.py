"""What a figure of many runs shows, as data: the options of `deval plot`, or [figure] of a study's file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from disentangle_eval.config import Config, Field
from disentangle_eval.errors import UsageError

Kind = Literal["curve", "strip", "scatter", "tradeoff", "against", "dimensions"]
Take = Literal["newest", "median"]

# Before the name of a term that is also that of a metric.
TERM = "term:"

# How many names each kind takes, from and to.
COUNTS: dict[Kind, tuple[int, int]] = {
    "curve": (1, 4),
    "strip": (1, 1),
    "scatter": (2, 2),
    "tradeoff": (2, 2),
    "against": (1, 4),
    "dimensions": (1, 1),
}


def shown_by(kind: Kind, names: Sequence[str]) -> Sequence[str]:
    """The names that a figure shows: those that are given, or the KL where `dimensions` is given none."""
    return names or (("kl",) if kind == "dimensions" else ())


class Published(Config):
    """A number that others published: a level of the score that is shown, or a point of two quantities."""

    name: str = Field(description="source of the number")
    value: float | None = Field(None, description="the score, a line across the figure")
    x: float | None = Field(None, description="for a point, the first quantity shown")
    y: float | None = Field(None, description="for a point, the second quantity shown")


class FigureSettings(Config):
    """A figure of runs: its kind and what it shows."""

    kind: Kind = Field("strip", description="which figure")
    show: tuple[str, ...] = Field(
        description=f"logged terms, METRIC, METRIC:PROTOCOL or METRIC:PROTOCOL:DETAIL; {TERM}NAME is always a term"
    )
    setting: str | None = Field(None, description="for the kind against: the setting on the x axis, such as beta")
    take: Take = Field("newest", description="value of a run: its newest, or the median of its snapshots")
    dataset: str | None = Field(None, description="show scores on this data set alone")
    published: tuple[Published, ...] = Field((), description="published numbers to draw next to those of the runs")

    def refuse_misfit(self) -> None:
        """`UsageError` where the kind takes another number of names, needs a setting or does not draw what is given."""
        least, most = COUNTS[self.kind]
        if not least <= len(self.show) <= most:
            expected = f"{least}" if least == most else f"{least} to {most}"
            raise UsageError(
                "--show",
                received=f"{len(self.show)} names",
                expected=f"{expected} with {self.kind}",
                advice="a name is a logged term or a score, such as mig:dlib; `deval runs FOLDER` lists the scores",
            )
        if (self.setting is None) == (self.kind == "against"):
            raise UsageError(
                "--setting",
                received=repr(self.setting),
                expected="the name of a setting with the kind against, and none with the others",
            )
        if self.published and self.kind == "dimensions":
            raise UsageError("--level", received="the kind dimensions", expected="another, this one draws no lines")
        if self.take != "newest" and self.kind in ("curve", "dimensions"):
            raise UsageError(
                "--take", received=f"the kind {self.kind}", expected="another, this one draws every iteration"
            )
        for one in self.published:
            is_point = one.x is not None and one.y is not None and self.kind in ("scatter", "tradeoff")
            if one.value is None and not is_point:
                received = f"{one.name!r}, which {self.kind} cannot draw"
                expected = "a value, or x and y with the kinds scatter and tradeoff"
                raise UsageError("published", received=received, expected=expected)
