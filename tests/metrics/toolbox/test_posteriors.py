from types import SimpleNamespace

import numpy as np
import pytest
import torch
from gaussian_models import LinearGaussian, VectorData, orthogonal
from torch.distributions import Independent, Laplace, Normal

from disentangle_eval.config import build
from disentangle_eval.errors import DevalError
from disentangle_eval.metrics.images.config import ReconstructionConfig
from disentangle_eval.metrics.images.reconstruction import ReconstructionMetric
from disentangle_eval.metrics.independence.config import TotalCorrelationConfig
from disentangle_eval.metrics.independence.tc import TotalCorrelationMetric
from disentangle_eval.metrics.information.config import ELBODecompositionConfig, IWAEConfig
from disentangle_eval.metrics.information.elbo_decomposition import ELBODecompositionMetric
from disentangle_eval.metrics.information.iwae import IWAEMetric
from disentangle_eval.metrics.subject import EncodedSubject
from disentangle_eval.metrics.toolbox.posteriors import mean_posterior_kl

DATA = VectorData(torch.rand(20, 4, generator=torch.Generator().manual_seed(0)))


def model(posterior):
    """Its posterior has the parameters `loc` 0 and `scale` 1, but for the last of more than one image."""
    found = LinearGaussian.exact(orthogonal(4, [1.0, 1.0]), 0.5)
    found.reconstruct = torch.zeros_like
    found.posterior = lambda x: posterior(len(x))
    return found


def with_last(value, n):
    """(n, 2) ones, the last row `value` where there are more."""
    table = torch.ones(n, 2)
    table[1:][-1:] = value
    return table


DIVERGED = [
    lambda n: Normal(with_last(torch.nan, n), torch.ones(n, 2)),
    lambda n: Normal(torch.zeros(n, 2), with_last(0.0, n)),
    lambda n: Independent(Laplace(with_last(torch.nan, n), torch.ones(n, 2)), 1),
]


def scores(judged):
    """Every score of a posterior, by a name of its own."""
    subject = EncodedSubject(judged, DATA)
    return {
        "tc": lambda: TotalCorrelationMetric(build(TotalCorrelationConfig)).score(subject, 0),
        "iwae": lambda: IWAEMetric(build(IWAEConfig, {"particles": 2})).score(subject, 0),
        "elbo": lambda: ELBODecompositionMetric(build(ELBODecompositionConfig, {"num_samples": 5})).score(subject, 0),
        "reconstruction": lambda: ReconstructionMetric(build(ReconstructionConfig)).score(subject, 0),
        "kl": lambda: mean_posterior_kl(subject, torch.arange(20).numpy()),
    }


@pytest.mark.parametrize("posterior", DIVERGED, ids=["mean", "deviation", "not normal"])
@pytest.mark.parametrize("name", ["tc", "iwae", "elbo", "reconstruction", "kl"])
def test_a_posterior_whose_parameters_torch_refuses_is_the_fault_of_the_model(name, posterior):
    with pytest.raises(
        DevalError, match=r"LinearGaussian.posterior: received parameters .*score an earlier checkpoint"
    ):
        scores(model(posterior))[name]()


def test_a_prior_of_a_class_of_its_own_over_the_code_is_not_taken_for_standard_normal():
    judged = model(lambda n: Normal(torch.zeros(n, 2), torch.ones(n, 2)))
    judged.prior = SimpleNamespace(dim=2, sample=None, log_prob=None)
    assert mean_posterior_kl(EncodedSubject(judged, DATA), np.arange(20)) is None
