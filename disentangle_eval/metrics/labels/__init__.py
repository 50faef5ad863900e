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
    MetricSpec(
        name="category-information",
        summary="information of a discrete code on real images, without labels: H(mean q(c|x)) - mean H(q(c|x))",
        target="disentangle_eval.metrics.labels.category_information:CategoryInformationMetric",
        config="disentangle_eval.metrics.labels.config:CategoryInformationConfig",
        needs=frozenset({"encoder", "classifier", "images"}),
        headline="value",
        better="higher",
    ),
)
