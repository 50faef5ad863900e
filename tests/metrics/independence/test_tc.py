import math

import numpy as np
import pytest
import torch
from gaussian_models import LinearGaussian, VectorData, orthogonal

from disentangle_eval.config import build
from disentangle_eval.errors import DevalError
from disentangle_eval.metrics.independence.config import TotalCorrelationConfig
from disentangle_eval.metrics.independence.density_ratio import DensityRatio, build_discriminator
from disentangle_eval.metrics.independence.tc import TotalCorrelationMetric
from disentangle_eval.metrics.information.config import ELBODecompositionConfig
from disentangle_eval.metrics.information.elbo_decomposition import ELBODecompositionMetric
from disentangle_eval.metrics.subject import EncodedSubject
from disentangle_eval.metrics.toolbox.statistics import gaussian_total_correlation

PROTOCOLS = list(TotalCorrelationConfig.protocols)
WEIGHT = orthogonal(4, [1.0, 1.0, 1.0])
SMALL = {"num_samples": 2000, "width": 32, "layers": 2, "iterations": 200, "batch_size": 128, "learning_rate": 3e-3}
SPREAD = 0.3


def images(n=3000):
    """Of three independent standard normal latents."""
    return VectorData(torch.randn(n, 3, generator=torch.Generator().manual_seed(1)) @ WEIGHT.T)


def model(mix=0.0, third=1.0):
    """q(z) is nearly normal: the second latent has a share of the first in it, the third is scaled."""
    reader = torch.linalg.pinv(WEIGHT)
    reader[1] += mix * reader[0]
    reader[2] *= third
    return LinearGaussian(WEIGHT, 0.5, reader, torch.full((3,), SPREAD))


def normal_tc(mix, noise):
    """Of N(0, 1) and mix times it plus N(0, 1), with noise of this variance on both."""
    one, two = 1 + noise, 1 + mix**2 + noise
    return -0.5 * math.log(1 - mix**2 / (one * two))


def score(judged, protocol, seed=0, data=None, **settings):
    cfg = build(TotalCorrelationConfig, {**TotalCorrelationConfig.protocols[protocol], **SMALL, **settings})
    return TotalCorrelationMetric(cfg).score(EncodedSubject(judged, data or images()), seed).values


@pytest.mark.parametrize(
    ("protocol", "noise", "tolerance"),
    [("large-sample", SPREAD**2, 0.1), ("gaussian", 0.0, 0.02), ("discriminator", SPREAD**2, 0.2)],
)
def test_each_estimator_comes_near_the_closed_form_of_a_normal_aggregate(protocol, noise, tolerance):
    apart, mixed = score(model(), protocol), score(model(2.0), protocol)
    assert apart["value"] == pytest.approx(0, abs=tolerance)
    assert mixed["value"] == pytest.approx(normal_tc(2.0, noise), abs=tolerance)
    if protocol == "discriminator":
        assert mixed["donsker_varadhan"] == pytest.approx(normal_tc(2.0, noise), abs=tolerance)
        assert mixed["value"] == pytest.approx(np.mean(mixed["by_training"]))
        assert mixed["standard_error"] == pytest.approx(np.std(mixed["by_training"], ddof=1) / 3**0.5)
        assert apart["accuracy"] == pytest.approx(0.5, abs=0.05)
        assert mixed["accuracy"] > 0.65


def test_the_large_sample_estimate_is_the_one_of_the_elbo_decomposition():
    settings = {"num_samples": 2000, "num_images": 100}
    subject = EncodedSubject(model(2.0), images())
    decomposed = ELBODecompositionMetric(ELBODecompositionConfig(**settings)).score(subject, 0).values
    values = score(model(2.0), "large-sample", **settings)
    assert values["num_images"] == 100
    assert values["value"] == decomposed["total_correlation"]
    assert values["standard_error"] == decomposed["total_correlation_standard_error"]


def test_the_gaussian_is_of_the_means_and_leaves_collapsed_latents_out():
    data = images()
    values = score(model(2.0, third=1e-2), "gaussian", data=data, num_images=10_000)
    means = (data.rows @ model(2.0).reader.T).double().numpy()[:, :2]
    correlation = np.corrcoef(means, rowvar=False)[0, 1]
    assert values["value"] == pytest.approx(-0.5 * np.log(1 - correlation**2), rel=1e-5)
    assert (values["num_active_dims"], values["active_dims"], values["num_images"]) == (2, [0, 1], 3000)
    assert score(model(2.0), "gaussian", least_variance=1e6)["value"] == 0


def test_latents_that_determine_each_other_are_an_error_for_the_gaussian():
    with pytest.raises(DevalError, match="follows from the others"):
        gaussian_total_correlation(np.ones((2, 2)))
    for seed in range(20):
        random = np.random.default_rng(seed)
        codes = random.normal(size=(1000, 2))
        with pytest.raises(DevalError, match="follows from the others"):
            gaussian_total_correlation(np.cov(np.hstack([codes, codes @ random.normal(size=(2, 1))]), rowvar=False))
    with pytest.raises(DevalError, match="constant"):
        gaussian_total_correlation(np.diag([1.0, 0.0]))


def test_a_discriminator_that_diverges_is_an_error():
    with pytest.raises(DevalError, match="lower --set learning_rate"):
        score(model(1.0), "discriminator", learning_rate=1e30, iterations=20)


def test_at_the_true_ratio_both_estimates_of_a_discriminator_are_the_total_correlation_and_only_one_is_a_bound():
    rho, random = 0.72, np.random.default_rng(0)
    joint = random.multivariate_normal([0, 0], [[1, rho], [rho, 1]], size=400_000)
    product = random.normal(size=(400_000, 2))

    def log_ratio(z, scale=1.0):
        x, y = z.T
        quadratic = (rho**2 * (x**2 + y**2) - 2 * rho * x * y) / (2 * (1 - rho**2))
        return torch.from_numpy(scale * (-0.5 * np.log(1 - rho**2) - quadratic))

    true = -0.5 * np.log(1 - rho**2)
    exact = DensityRatio(log_ratio(joint), log_ratio(product))
    assert exact.plug_in == pytest.approx(true, abs=0.01)
    assert exact.donsker_varadhan == pytest.approx(true, abs=0.01)
    # A discriminator that is too sure of itself.
    bold = DensityRatio(log_ratio(joint, 1.2), log_ratio(product, 1.2))
    assert bold.plug_in > true + 0.05
    assert bold.donsker_varadhan < true + 0.01
    ratio = bold.of_product.numpy()
    assert bold.donsker_varadhan == pytest.approx(bold.of_joint.mean().item() - np.log(np.exp(ratio).mean()))


def test_a_discriminator_has_so_many_hidden_layers():
    network = build_discriminator(latents=5, width=16, layers=3, seed=0, device=torch.device("cpu"))
    shapes = [tuple(layer.weight.shape) for layer in network if isinstance(layer, torch.nn.Linear)]
    assert shapes == [(16, 5), (16, 16), (16, 16), (1, 16)]
