"""Metrics of class labels: how well a discrete code agrees with them."""

from disentangle_eval.registry.specs import MetricSpec

METRICS = (
    MetricSpec(
        name="cluster-accuracy",
        summary="how well the classes of a discrete code agree with the images' labels, names aside",
        target="disentangle_eval.metrics.labels.cluster_accuracy:ClusterAccuracyMetric",
        config="disentangle_eval.metrics.labels.config:ClusterAccuracyConfig",
        needs=frozenset({"encoder", "labels"}),
        headline="value",
        better="higher",
    ),
)
