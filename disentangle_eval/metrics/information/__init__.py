"""Metrics of information, in nats: bounds on mutual information and on the likelihood."""

from disentangle_eval.registry.specs import MetricSpec

METRICS = (
    MetricSpec(
        name="gilbo",
        summary="nats of a generator's input that an encoder learns to read from the image (Alemi & Fischer, 2018)",
        target="disentangle_eval.metrics.information.gilbo:GILBOMetric",
        config="disentangle_eval.metrics.information.config:GILBOConfig",
        needs=frozenset({"generator", "prior"}),
        headline="value",
        better="neither",
    ),
    MetricSpec(
        name="mi-bounds",
        summary="a model's own bounds on the information between its input and its images (Jeon et al., 2021)",
        target="disentangle_eval.metrics.information.mi_bounds:MIBoundsMetric",
        config="disentangle_eval.metrics.information.config:MIBoundsConfig",
        needs=frozenset({"generator", "prior", "lower-bound"}),
        headline="value",
        better="neither",
    ),
    MetricSpec(
        name="iwae",
        summary="importance-weighted bound on log p(x), nats per image (Burda et al., 2016)",
        target="disentangle_eval.metrics.information.iwae:IWAEMetric",
        config="disentangle_eval.metrics.information.config:IWAEConfig",
        needs=frozenset({"images", "posterior", "likelihood", "prior"}),
        headline="value",
        better="higher",
    ),
    MetricSpec(
        name="elbo-decomposition",
        summary="the ELBO as likelihood, mutual information, total correlation and dimension-wise KL "
        "(Chen et al., 2018)",
        target="disentangle_eval.metrics.information.elbo_decomposition:ELBODecompositionMetric",
        config="disentangle_eval.metrics.information.config:ELBODecompositionConfig",
        needs=frozenset({"images", "posterior", "likelihood", "prior"}),
        headline="value",
        better="higher",
    ),
)
