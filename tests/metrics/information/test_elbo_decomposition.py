import json

import numpy as np
import pytest
import torch
from gaussian_models import LinearGaussian, VectorData, orthogonal
from torch.distributions import Normal

from disentangle_eval.config import build
from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.latents import Prior, Uniform
from disentangle_eval.metrics.information.config import ELBODecompositionConfig
from disentangle_eval.metrics.information.elbo_decomposition import ELBODecompositionMetric
from disentangle_eval.metrics.subject import EncodedSubject

WEIGHT = orthogonal(4, [1.0, 0.5])
PARTS = ("mutual_information", "total_correlation", "dimension_wise_kl")


def grid(steps=12):
    """Images of a full grid of two independent latents: q(z) factorises."""
    line = torch.linspace(-2, 2, steps)
    return VectorData(torch.cartesian_prod(line, line) @ WEIGHT.T)


def model(mix=0.0, spread=0.2):
    """Reads the grid's latents back, the second with a share of the first mixed in."""
    reader = torch.linalg.pinv(WEIGHT)
    reader[1] += mix * reader[0]
    return LinearGaussian(WEIGHT, 0.5, reader, torch.tensor([spread, spread]))


def score(judged, images, seed=0, **settings):
    cfg = build(ELBODecompositionConfig, {"num_samples": 500, **settings})
    return ELBODecompositionMetric(cfg).score(EncodedSubject(judged, images), seed).values


def test_the_parts_sum_to_the_kl_and_with_the_likelihood_to_the_elbo():
    values = score(model(mix=0.8), grid())
    assert sum(values[part] for part in PARTS) == pytest.approx(values["kl"], abs=1e-9)
    assert values["value"] == pytest.approx(values["log_likelihood"] - values["kl"], abs=1e-9)
    assert values["dimension_wise_kl"] == pytest.approx(sum(values["dimension_wise_kl_by_dimension"]), abs=1e-9)
    assert values["kl"] == pytest.approx(values["exact_kl"], abs=4 * values["kl_standard_error"])
    json.dumps(values, allow_nan=False)


def test_a_tiny_case_equals_plain_loops(monkeypatch):
    judged, images = model(mix=0.8), VectorData(grid().rows[::29])
    pairs = []
    density = judged.log_likelihood
    monkeypatch.setattr(judged, "log_likelihood", lambda x, z: pairs.append((x, z)) or density(x, z))
    values = score(judged, images, num_samples=7)
    ((x, z),) = pairs

    mean, sigma, z = (images.rows @ judged.reader.T).double(), judged.spread.double(), z.double()
    parts = np.zeros(3)
    for s, sample in enumerate(z):
        log_q = [Normal(row, sigma).log_prob(sample) for row in mean]
        (own,) = [n for n, row in enumerate(images.rows) if torch.equal(row, x[s].flatten())]
        joint = np.log(np.mean([one.sum().exp().item() for one in log_q]))
        marginals = [np.log(np.mean([one[j].exp().item() for one in log_q])) for j in range(2)]
        log_p = Normal(0, 1).log_prob(sample).sum().item()
        parts += [log_q[own].sum().item() - joint, joint - sum(marginals), sum(marginals) - log_p]
    assert [values[part] for part in PARTS] == pytest.approx(list(parts / len(z)), abs=1e-4)
    assert values["log_likelihood"] == pytest.approx(
        float(Normal(z @ WEIGHT.double().T, 0.5).log_prob(x.flatten(1)).sum(dim=1).mean()), abs=1e-4
    )


def test_latents_that_factorise_have_no_total_correlation():
    values = score(model(), grid(), num_samples=2000)
    assert values["total_correlation"] == pytest.approx(0, abs=4 * values["total_correlation_standard_error"] + 1e-3)
    assert score(model(mix=1.0), grid(), num_samples=2000)["total_correlation"] > 0.3


def test_sharp_posteriors_tell_each_image_and_wide_ones_none():
    ceiling = np.log(144)
    sharp, blind = score(model(spread=1e-3), grid()), score(model(spread=100.0), grid())
    assert sharp["mutual_information"] == pytest.approx(ceiling, abs=1e-3)
    assert sharp["mutual_information_ceiling"] == pytest.approx(ceiling)
    assert blind["mutual_information"] == pytest.approx(0, abs=1e-3)


def test_a_posterior_that_is_the_prior_has_no_kl_of_any_kind():
    judged = LinearGaussian(WEIGHT, 0.5, torch.zeros(2, 4), torch.ones(2))
    values = score(judged, grid())
    assert [values[part] for part in (*PARTS, "kl", "exact_kl")] == pytest.approx([0] * 5, abs=1e-5)


def test_fewer_images_than_all_are_a_smaller_data_set_with_their_own_samples():
    values = score(model(spread=1e-3), grid(), num_images=20)
    assert values["num_images"] == 20
    assert values["mutual_information"] == pytest.approx(np.log(20), abs=1e-3)


def test_a_prior_that_is_not_normal_is_refused():
    judged = model()
    judged.prior = Prior((Uniform(2),))
    with pytest.raises(UsageError, match=r"received a prior with Uniform\(dim=2"):
        score(judged, grid())


def test_a_posterior_too_narrow_for_float32_is_refused():
    with pytest.raises(DevalError, match=r"LinearGaussian.posterior: received log densities that are not finite"):
        score(model(spread=1e-20), grid())


def test_a_likelihood_that_is_no_number_is_an_error():
    judged = model()
    judged.log_likelihood = lambda x, z: torch.full((len(x),), float("nan"))
    with pytest.raises(DevalError, match="log_likelihood: received NaN or infinity"):
        score(judged, grid())
