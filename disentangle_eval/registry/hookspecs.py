"""The hooks a plugin may implement. Each yields specs and imports neither torch nor the modules they name."""

from __future__ import annotations

from collections.abc import Iterable

import pluggy

from disentangle_eval.registry.specs import DatasetSpec, MetricSpec, ModelSpec

PROJECT = "deval"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def register_models() -> Iterable[ModelSpec]:
    """Yield one spec per trainable model."""
    raise NotImplementedError


@hookspec
def register_datasets() -> Iterable[DatasetSpec]:
    """Yield one spec per data set."""
    raise NotImplementedError


@hookspec
def register_metrics() -> Iterable[MetricSpec]:
    """Yield one spec per metric."""
    raise NotImplementedError
