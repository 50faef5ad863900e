"""Metrics of how far the dimensions of a code, or the codes of several runs, depend on each other."""

from disentangle_eval.registry.specs import MetricSpec

METRICS = (
    MetricSpec(
        name="unsupervised",
        summary="how far dimensions depend on each other: Gaussian correlations and mutual information",
        target="disentangle_eval.metrics.independence.unsupervised:UnsupervisedMetric",
        config="disentangle_eval.metrics.independence.config:UnsupervisedConfig",
        needs=frozenset({"encoder"}),
        headline="gaussian_total_correlation",
        better="neither",
        version=2,
    ),
    MetricSpec(
        name="udr",
        summary="how nearly a code matches those of other training runs, one to one (Duan et al., 2020)",
        target="disentangle_eval.metrics.independence.udr:UDRMetric",
        config="disentangle_eval.metrics.independence.config:UDRConfig",
        needs=frozenset({"encoder", "peers"}),
        headline="value",
        better="higher",
    ),
    MetricSpec(
        name="tc",
        summary="total correlation of the aggregate posterior q(z), nats, by one of three estimators",
        target="disentangle_eval.metrics.independence.tc:TotalCorrelationMetric",
        config="disentangle_eval.metrics.independence.config:TotalCorrelationConfig",
        needs=frozenset({"images", "posterior"}),
        headline="value",
        better="neither",
        version=2,
    ),
)
