"""What comes with the core: its metrics and its data sets."""

from __future__ import annotations

from collections.abc import Iterable

from disentangle_eval.builtin_datasets import DATASETS
from disentangle_eval.hookspecs import hookimpl
from disentangle_eval.specs import DatasetSpec, MetricSpec


@hookimpl
def register_datasets() -> Iterable[DatasetSpec]:
    return DATASETS


@hookimpl
def register_metrics() -> Iterable[MetricSpec]:
    return [
        MetricSpec(
            name="factorvae",
            summary="which factor is fixed, told from the code dimension that varies least (Kim & Mnih, 2018)",
            target="disentangle_eval.metrics.factorvae:FactorVAEMetric",
            config="disentangle_eval.metrics.factorvae_config:FactorVAEConfig",
            needs=frozenset({"encoder", "grid"}),
            headline="value",
            better="higher",
        ),
        MetricSpec(
            name="cluster-accuracy",
            summary="how well the classes of a discrete code agree with the images' labels, names aside",
            target="disentangle_eval.metrics.cluster_accuracy:ClusterAccuracyMetric",
            config="disentangle_eval.metrics.cluster_accuracy_config:ClusterAccuracyConfig",
            needs=frozenset({"encoder", "labels"}),
            headline="value",
            better="higher",
        ),
    ]
