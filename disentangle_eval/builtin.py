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
            name="higgins",
            summary="which factor pairs of images share, told from the distance of their codes (Higgins et al., 2017)",
            target="disentangle_eval.metrics.higgins:HigginsMetric",
            config="disentangle_eval.metrics.higgins_config:HigginsConfig",
            needs=frozenset({"encoder", "grid"}),
            headline="value",
            better="higher",
        ),
        MetricSpec(
            name="mig",
            summary="how much more the best code dimension knows of a factor than the second (Chen et al., 2018)",
            target="disentangle_eval.metrics.mig:MIGMetric",
            config="disentangle_eval.metrics.mig_config:MIGConfig",
            needs=frozenset({"encoder", "factors"}),
            headline="value",
            better="higher",
        ),
        MetricSpec(
            name="sap",
            summary="how much better the best code dimension predicts a factor than the second (Kumar et al., 2018)",
            target="disentangle_eval.metrics.sap:SAPMetric",
            config="disentangle_eval.metrics.sap_config:SAPConfig",
            needs=frozenset({"encoder", "factors"}),
            headline="value",
            better="higher",
        ),
        MetricSpec(
            name="modularity-explicitness",
            summary="does a code dimension know of one factor alone, and can all be read off (Ridgeway & Mozer, 2018)",
            target="disentangle_eval.metrics.modularity_explicitness:ModularityExplicitnessMetric",
            config="disentangle_eval.metrics.modularity_explicitness_config:ModularityExplicitnessConfig",
            needs=frozenset({"encoder", "factors"}),
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
        MetricSpec(
            name="dci",
            summary="one factor a dimension, one dimension a factor, by boosted trees (Eastwood & Williams, 2018)",
            target="disentangle_eval.metrics.dci:DCIMetric",
            config="disentangle_eval.metrics.dci_config:DCIConfig",
            needs=frozenset({"encoder", "factors"}),
            headline="value",
            better="higher",
        ),
        MetricSpec(
            name="downstream",
            summary="how well factors are predicted from the code with few and many labels (Locatello et al., 2019)",
            target="disentangle_eval.metrics.downstream:DownstreamMetric",
            config="disentangle_eval.metrics.downstream_config:DownstreamConfig",
            needs=frozenset({"encoder", "factors"}),
            headline="value",
            better="higher",
        ),
        MetricSpec(
            name="irs",
            summary="how little a dimension moves when all factors but its own change (Suter et al., 2019)",
            target="disentangle_eval.metrics.irs:IRSMetric",
            config="disentangle_eval.metrics.irs_config:IRSConfig",
            needs=frozenset({"encoder", "factors"}),
            headline="value",
            better="higher",
        ),
        MetricSpec(
            name="unsupervised",
            summary="how far dimensions depend on each other: Gaussian correlations and mutual information",
            target="disentangle_eval.metrics.unsupervised:UnsupervisedMetric",
            config="disentangle_eval.metrics.unsupervised_config:UnsupervisedConfig",
            needs=frozenset({"encoder"}),
            headline="gaussian_total_correlation",
            better="neither",
        ),
        MetricSpec(
            name="udr",
            summary="how nearly a code matches those of other training runs, one to one (Duan et al., 2020)",
            target="disentangle_eval.metrics.udr:UDRMetric",
            config="disentangle_eval.metrics.udr_config:UDRConfig",
            needs=frozenset({"encoder", "peers"}),
            headline="value",
            better="higher",
        ),
        MetricSpec(
            name="reconstruction",
            summary="squared error and Bernoulli cross-entropy of reconstructed images",
            target="disentangle_eval.metrics.reconstruction:ReconstructionMetric",
            config="disentangle_eval.metrics.reconstruction_config:ReconstructionConfig",
            needs=frozenset({"reconstructor", "images"}),
            headline="mean_squared_error",
            better="lower",
        ),
        MetricSpec(
            name="fid",
            summary="how far generated images are from real ones: Fréchet distance of features (Heusel et al., 2017)",
            target="disentangle_eval.metrics.fid:FIDMetric",
            config="disentangle_eval.metrics.fid_config:FIDConfig",
            needs=frozenset({"generator", "prior", "images"}),
            headline="value",
            better="lower",
        ),
        MetricSpec(
            name="kid",
            summary="how far generated images are from real ones, unbiased: kernel distance (Bińkowski et al., 2018)",
            target="disentangle_eval.metrics.kid:KIDMetric",
            config="disentangle_eval.metrics.kid_config:KIDConfig",
            needs=frozenset({"generator", "prior", "images"}),
            headline="value",
            better="lower",
        ),
        MetricSpec(
            name="prdc",
            summary="generated images that look real, data that is generated: precision, recall, density, coverage",
            target="disentangle_eval.metrics.prdc:PRDCMetric",
            config="disentangle_eval.metrics.prdc_config:PRDCConfig",
            needs=frozenset({"generator", "prior", "images"}),
            headline="coverage",
            better="higher",
        ),
        MetricSpec(
            name="gilbo",
            summary="nats of a generator's input that an encoder learns to read from the image (Alemi & Fischer, 2018)",
            target="disentangle_eval.metrics.gilbo:GILBOMetric",
            config="disentangle_eval.metrics.gilbo_config:GILBOConfig",
            needs=frozenset({"generator", "prior"}),
            headline="value",
            better="neither",
        ),
        MetricSpec(
            name="mi-bounds",
            summary="a model's own bounds on the information between its input and its images (Jeon et al., 2021)",
            target="disentangle_eval.metrics.mi_bounds:MIBoundsMetric",
            config="disentangle_eval.metrics.mi_bounds_config:MIBoundsConfig",
            needs=frozenset({"generator", "prior", "lower-bound"}),
            headline="value",
            better="neither",
        ),
        MetricSpec(
            name="iwae",
            summary="importance-weighted bound on log p(x), nats an image (Burda et al., 2016)",
            target="disentangle_eval.metrics.iwae:IWAEMetric",
            config="disentangle_eval.metrics.iwae_config:IWAEConfig",
            needs=frozenset({"images", "posterior", "likelihood", "prior"}),
            headline="value",
            better="higher",
        ),
        MetricSpec(
            name="elbo-decomposition",
            summary="the ELBO as likelihood, mutual information, total correlation and dimension-wise KL "
            "(Chen et al., 2018)",
            target="disentangle_eval.metrics.elbo_decomposition:ELBODecompositionMetric",
            config="disentangle_eval.metrics.elbo_decomposition_config:ELBODecompositionConfig",
            needs=frozenset({"images", "posterior", "likelihood", "prior"}),
            headline="value",
            better="higher",
        ),
        MetricSpec(
            name="tc",
            summary="total correlation of the aggregate posterior q(z), nats, by one of three estimators",
            target="disentangle_eval.metrics.tc:TotalCorrelationMetric",
            config="disentangle_eval.metrics.tc_config:TotalCorrelationConfig",
            needs=frozenset({"images", "posterior"}),
            headline="value",
            better="neither",
        ),
    ]
