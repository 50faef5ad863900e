import numpy as np
import pytest
import torch
from image_generators import Extractor, NoisyGenerator, byte_images, save_torchscript

from disentangle_eval.config import build
from disentangle_eval.errors import UsageError
from disentangle_eval.metrics.images.config import KIDConfig
from disentangle_eval.metrics.images.fidelity_import import fidelity
from disentangle_eval.metrics.images.kid import KIDMetric, subset_distances
from disentangle_eval.metrics.subject import EncodedSubject


def features(n, seed, shift=0.0):
    return (np.random.default_rng(seed).normal(size=(n, 4)) + shift).astype(np.float32)


def score(model, data, extractor, seed=0, **settings):
    small = {"features": str(extractor), "num_images": 120, "subsets": 10, "subset_size": 40}
    cfg = build(KIDConfig, {**KIDConfig.protocols["torch-fidelity"], **small, **settings})
    return KIDMetric(cfg).score(EncodedSubject(model, data), seed)


@pytest.fixture
def extractor(tmp_path, monkeypatch):
    monkeypatch.setenv("DEVAL_CACHE", str(tmp_path / "cache"))
    return save_torchscript(tmp_path / "tiny.pt", Extractor())


def test_it_equals_torch_fidelity():
    real, generated = features(80, 0), features(60, 1, shift=0.3)
    metric_kid = fidelity("metric_kid")
    theirs = metric_kid.kid_features_to_metric(
        torch.from_numpy(real).double(),
        torch.from_numpy(generated).double(),
        kid_subsets=7,
        kid_subset_size=20,
        rng_seed=5,
        verbose=False,
    )
    found = subset_distances(real, generated, subsets=7, size=20, seed=5)
    assert found.mean() == pytest.approx(theirs[metric_kid.KEY_METRIC_KID_MEAN], rel=1e-12)
    assert found.std() == pytest.approx(theirs[metric_kid.KEY_METRIC_KID_STD], rel=1e-12)


def test_it_is_the_unbiased_discrepancy_under_the_cubic_kernel():
    real, generated = features(6, 0), features(6, 1, shift=0.5)
    kernel = lambda x, y: (float(x.astype(float) @ y.astype(float)) / 4 + 1) ** 3  # noqa: E731
    within = [np.mean([kernel(x[i], x[j]) for i in range(6) for j in range(6) if i != j]) for x in (real, generated)]
    between = np.mean([kernel(x, y) for x in real for y in generated])
    (found,) = subset_distances(real, generated, subsets=1, size=6, seed=0)
    assert found == pytest.approx(sum(within) - 2 * between)


def test_it_is_without_bias_and_tells_distributions_apart():
    def mean_and_error(shift):
        pairs = [(features(40, 2 * i), features(40, 2 * i + 1, shift)) for i in range(300)]
        found = [subset_distances(*pair, subsets=1, size=40, seed=0)[0] for pair in pairs]
        return np.mean(found), np.std(found) / len(found) ** 0.5

    equal, error = mean_and_error(0.0)
    assert abs(equal) < 3 * error
    assert mean_and_error(0.5)[0] > 20 * error


def test_a_score_says_what_was_compared_and_the_seed_alone_decides(extractor):
    data = byte_images(120)
    values = [score(NoisyGenerator(), data, extractor, seed=seed).values for seed in (1, 1, 2)]
    assert values[0] == values[1] != values[2]
    assert (values[0]["num_real"], values[0]["num_generated"]) == (120, 120)
    assert score(NoisyGenerator(contrast=0.2), data, extractor, seed=1).values["value"] != values[0]["value"]


def test_constant_features_are_at_no_distance(tmp_path, extractor):
    constant = Extractor()
    torch.nn.init.zeros_(constant.convolution.weight)
    path = save_torchscript(tmp_path / "constant.pt", constant)
    values = score(NoisyGenerator(), byte_images(120), path).values
    assert values["value"] == values["std"] == 0


def test_a_subset_larger_than_the_data_is_told_what_to_set(extractor):
    with pytest.raises(UsageError, match=r"received 1000, expected at most 50.*--set subset_size=50"):
        score(NoisyGenerator(), byte_images(50), extractor, subset_size=1000)
    whole = score(NoisyGenerator(), byte_images(50), extractor, num_images=50, subset_size=50)
    assert whole.values["std"] == pytest.approx(0, abs=1e-9)
