"""What a name stands for, as candidates of the checks: a model, a metric, a data set, or several of these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from disentangle_eval.api import ImageShape
from disentangle_eval.config import build
from disentangle_eval.errors import UsageError
from disentangle_eval.registry.lookup import load_registry
from disentangle_eval.registry.names import parse_dataset
from disentangle_eval.testing import candidate as models
from disentangle_eval.testing.candidate import DEFAULT_IMAGE, Candidate, Check, entry_of
from disentangle_eval.testing.checks import CHECKS
from disentangle_eval.testing.dataset_checks import DATASET_CHECKS, DatasetCandidate
from disentangle_eval.testing.metric_checks import METRIC_CHECKS, MetricCandidate

Kind = Literal["model", "metric", "dataset"]
AnyCandidate = Candidate | MetricCandidate | DatasetCandidate

CHECKS_OF: Mapping[Kind, Sequence[Check]] = {"model": CHECKS, "metric": METRIC_CHECKS, "dataset": DATASET_CHECKS}


def kinds_of(name: str) -> list[Kind]:
    """What is registered under a name, which may have a data set's path and settings; a model where nothing is."""
    registry = load_registry()
    tables: Mapping[Kind, Any] = {
        "model": registry.models,
        "metric": registry.metrics,
        "dataset": registry.datasets,
    }
    found = [kind for kind, table in tables.items() if name in table]
    if not found and parse_dataset(name).name in registry.datasets:
        found = ["dataset"]
    return found or ["model"]


def find(
    name: str,
    kind: Kind,
    image: ImageShape = DEFAULT_IMAGE,
    config: Mapping[str, Any] | None = None,
    data_dir: Path | None = None,
    protocol: str = "",
) -> AnyCandidate:
    """The candidate of a kind; `UsageError` for a name no plugin has, for a protocol of what is no metric or that the
    metric does not have, and for settings that are refused.
    """
    if protocol and kind != "metric":
        raise UsageError(
            "protocol", received=f"{protocol!r} for a {kind}", expected="none, since metrics alone have some"
        )
    if kind == "model":
        return models.find_candidate(name, image, config) if config else models.find_candidate(name, image)
    registry = load_registry()
    if kind == "dataset":
        registered = registry.find_dataset(parse_dataset(name).name)
        return DatasetCandidate(registered=registered, entry=entry_of(registered), name=name, data_dir=data_dir)
    metric = registry.find_metric(name)
    found = MetricCandidate(registered=metric, entry=entry_of(metric), protocol=protocol, values=dict(config or {}))
    if protocol and protocol not in found.config().protocols:
        known = ", ".join(found.config().protocols)
        raise UsageError("protocol", received=repr(protocol), expected=f"one of {name}'s: {known}")
    if config and (protocols := found.config().protocols):  # a check of the metric reports that there are none
        build(found.config(), protocols[protocol or next(iter(protocols))], config)
    return found


def checks_of(candidate: AnyCandidate) -> Sequence[Check]:
    """The checks of a candidate, in order."""
    if isinstance(candidate, MetricCandidate):
        return METRIC_CHECKS
    return DATASET_CHECKS if isinstance(candidate, DatasetCandidate) else CHECKS
