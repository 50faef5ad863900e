"""What comes with the core: its metrics and its data sets."""

from __future__ import annotations

from collections.abc import Iterable

from disentangle_eval.hookspecs import hookimpl
from disentangle_eval.specs import DatasetSpec, MetricSpec


@hookimpl
def register_datasets() -> Iterable[DatasetSpec]:
    return [
        DatasetSpec(
            name="dsprites",
            summary="737,280 binary 64x64 images of one sprite: shape, scale, orientation, x, y",
            target="disentangle_eval.data.dsprites:load",
            kind="factors",
        )
    ]


@hookimpl
def register_metrics() -> Iterable[MetricSpec]:
    return [
        MetricSpec(
            name="factorvae",
            summary="which factor is fixed, told from the code dimension that varies least (Kim & Mnih, 2018)",
            target="disentangle_eval.metrics.factorvae:FactorVAEMetric",
            config="disentangle_eval.metrics.factorvae_config:FactorVAEConfig",
            needs=frozenset({"encoder", "factors"}),
            headline="value",
            better="higher",
        )
    ]
