"""What identifies a result: its metric, version, settings and seed, and the results that have the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from disentangle_eval.api import Subject
from disentangle_eval.results import Result, agrees, result_of
from disentangle_eval.scoring.measurements import Measurement


def result_keys(measurement: Measurement, seed: int, statistics: str) -> dict[str, Any]:
    """The keys of a result that follow from its measurement and seed: the metric, its version, settings and the seed.

    The settings have the batch statistics of the model only where they are not those of training.
    """
    settings = measurement.cfg.model_dump(mode="json")
    if statistics != "running":
        settings["batch_statistics"] = statistics
    return {
        "metric": measurement.name,
        "metric_version": measurement.metric.spec.version,
        "settings": {"protocol": protocol_label(measurement.protocol, statistics), **settings},
        "seed": seed,
    }


def protocol_label(protocol: str, statistics: str) -> str:
    """How a result names its protocol: with the batch statistics of the model where they are not those of training."""
    return protocol if statistics == "running" else f"{protocol}, batch_statistics={statistics}"


def statistics_of(subject: Subject) -> str:
    """The batch statistics of a subject's model: `running` or `clean`."""
    statistics: str = getattr(subject, "batch_statistics", "running")
    return statistics


def recorded_score(
    lines: Iterable[Mapping[str, Any]], measurement: Measurement, subject: Subject, seed: int, about: Mapping[str, Any]
) -> Result | None:
    """The newest of some results that `measure` would give again, None where there is none.

    Such a result has the metric, its version, settings and seed, the checkpoint and the data in common. What follows
    from more than these is never taken for equal: metrics of `peers` or `validation` images, and features from a file.
    """
    more = {"peers", "validation"} & measurement.cfg.needed(measurement.metric.spec.needs)
    if more or getattr(measurement.cfg, "features", None) or not about.get("checkpoint_sha256"):
        return None
    scored = {name: about.get(name) for name in ("checkpoint_sha256", "iteration", "dataset", "dataset_sha256")}
    expected = result_keys(measurement, seed, statistics_of(subject)) | scored
    same = [line for line in lines if agrees(line, expected)]
    return result_of(same[-1]) if same else None
