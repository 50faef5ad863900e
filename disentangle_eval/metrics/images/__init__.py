"""Metrics of images: how near generated and reconstructed images are to real ones."""

from disentangle_eval.registry.specs import MetricSpec

METRICS = (
    MetricSpec(
        name="reconstruction",
        summary="squared error and Bernoulli cross-entropy of reconstructed images",
        target="disentangle_eval.metrics.images.reconstruction:ReconstructionMetric",
        config="disentangle_eval.metrics.images.config:ReconstructionConfig",
        needs=frozenset({"reconstructor", "images"}),
        headline="mean_squared_error",
        better="lower",
    ),
    MetricSpec(
        name="fid",
        summary="how far generated images are from real ones: Fréchet distance of features (Heusel et al., 2017)",
        target="disentangle_eval.metrics.images.fid:FIDMetric",
        config="disentangle_eval.metrics.images.config:FIDConfig",
        needs=frozenset({"samples", "images"}),
        headline="value",
        better="lower",
    ),
    MetricSpec(
        name="kid",
        summary="how far generated images are from real ones, unbiased: kernel distance (Bińkowski et al., 2018)",
        target="disentangle_eval.metrics.images.kid:KIDMetric",
        config="disentangle_eval.metrics.images.config:KIDConfig",
        needs=frozenset({"samples", "images"}),
        headline="value",
        better="lower",
    ),
    MetricSpec(
        name="prdc",
        summary="generated images that look real, data that is generated: precision, recall, density, coverage",
        target="disentangle_eval.metrics.images.prdc:PRDCMetric",
        config="disentangle_eval.metrics.images.config:PRDCConfig",
        needs=frozenset({"samples", "images"}),
        headline="coverage",
        better="higher",
    ),
)
