import pytest
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from disentangle_eval.nn.likelihoods import BernoulliLikelihood, log_densities

LOGITS = torch.cat([torch.linspace(-300, 300, 6001), torch.tensor([-25.0, 25.0, -1e30, 1e30])])


class OfLogits(BernoulliLikelihood):
    decoder = nn.Sequential(nn.Unflatten(1, (1, 5, 1201)))


@pytest.mark.parametrize("pixel", [0.0, 0.3, 1.0])
def test_the_density_of_a_pixel_is_the_cross_entropy_however_large_its_logit(pixel):
    x = torch.full_like(LOGITS, pixel)
    found = log_densities(x, LOGITS)
    exact = -binary_cross_entropy_with_logits(LOGITS.double(), x.double(), reduction="none")
    torch.testing.assert_close(found.double(), exact, rtol=1e-6, atol=2e-6)
    torch.testing.assert_close(log_densities(x.double(), LOGITS.double()), exact, rtol=1e-15, atol=2e-11)
    same = -binary_cross_entropy_with_logits(LOGITS, x, reduction="none")
    torch.testing.assert_close(found, same, rtol=0, atol=2e-11)
    assert torch.equal(found[LOGITS < 25], same[LOGITS < 25])


def test_the_likelihood_of_an_image_is_the_sum_over_its_pixels():
    logits = LOGITS[:6005].clamp(-300, 300)[None]
    x = (torch.arange(6005) % 2).view(1, 1, 5, 1201).float()
    found = OfLogits().log_likelihood(x, logits)
    exact = -binary_cross_entropy_with_logits(logits.double(), x.double().flatten(1), reduction="sum")
    torch.testing.assert_close(found.double(), exact[None], rtol=1e-6, atol=0)


def test_the_gradient_is_that_of_the_cross_entropy():
    logits = LOGITS.clone().requires_grad_()
    x = torch.full_like(LOGITS, 0.3)
    (found,) = torch.autograd.grad(log_densities(x, logits).sum(), logits)
    torch.testing.assert_close(found, x - LOGITS.sigmoid(), rtol=0, atol=1e-6)
