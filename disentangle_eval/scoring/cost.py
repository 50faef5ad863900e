"""How long a score takes and what makes it take less, in words."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from typing import Any

from disentangle_eval.api import Subject
from disentangle_eval.config import by_setting, defaults
from disentangle_eval.registry.lookup import load_registry
from disentangle_eval.registry.plugin_code import plugin_code
from disentangle_eval.runtime.progress import remark_if_long
from disentangle_eval.scoring.measurements import Measurement


def remark_on_length(measurement: Measurement, subject: Subject, seed: int) -> None:
    """Say that a score will take long, before it starts; what the metric cannot do is for the score to say."""
    with contextlib.suppress(Exception):
        metric = load_registry().resolve(measurement.metric)(measurement.cfg)
        with plugin_code(measurement.owner):
            seconds = metric.seconds(subject, seed)
        remark_if_long(f"{measurement.name} ({measurement.protocol})", seconds, at_most=True)


def how_to_take_less(measurement: Measurement) -> str:
    """The protocols of a metric that take less, in words; empty for none.

    Every number of images, iterations and so on is at most that of the measurement, and one is smaller; or their
    product, such as votes times samples, is at most half.
    """
    config = type(measurement.cfg)
    settings = by_setting(config, dict(measurement.cfg))
    smaller = []
    for name, values in config.protocols.items():
        others = defaults(config) | by_setting(config, values)
        sizes = [(_size(key, others[key]), _size(key, now)) for key, now in settings.items() if key in others]
        numbers = [(other, now) for other, now in sizes if other is not None and now is not None]
        never_more = any(other < now for other, now in numbers) and all(other <= now for other, now in numbers)
        others_work, work = (math.prod(max(1, pair[i]) for pair in numbers) for i in range(2))
        if never_more or 2 * others_work <= work < math.inf:
            smaller.append(name)
    return f"--protocol {' or '.join(smaller)} takes less" if smaller else ""


def _size(name: str, value: Any) -> float | None:
    """A setting as a size: of a number of images None means all; None for what is no size."""
    if value is None and name.rpartition(".")[2].startswith("num_"):
        return math.inf
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def how_to_need_less(settings: Mapping[str, Any]) -> str:
    large = [name for name, value in settings.items() if _takes_memory(name, value)]
    if not large:
        return "score a smaller data set, or on a machine with more memory"
    return f"lower one of its settings: {', '.join(large)}"


def _takes_memory(name: str, value: Any) -> bool:
    """Whether a setting counts images, votes or particles; None there means all images. Iterations take time alone."""
    if name.startswith("num_") and value is None:
        return True
    counts = value if isinstance(value, (list, tuple)) else [value]
    return "iterations" not in name and any(isinstance(count, int) and count >= 1000 for count in counts)
