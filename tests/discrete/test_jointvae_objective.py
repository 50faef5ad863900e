"""JointVAE's loss against equation 7, evaluated by torch's own distributions."""

import math

import pytest
import torch
from discrete_tiny import BATCH, CLASSES, IMAGE, LATENT, tiny_jointvae
from torch.distributions import Bernoulli, Categorical, Normal, kl_divergence

from deval_discrete.jointvae import capacities
from disentangle_eval.nn.categorical import kl_to_uniform, sample_concrete
from disentangle_eval.runtime.draws import GeneratorDraw
from disentangle_eval.testing import RecordedStep, record_calls

SETTINGS = {
    "gamma": 7.0,
    "capacity": 4.0,
    "capacity_categorical": 1.0,
    "capacity_iterations": 10,
    "temperature": 0.5,
}


@pytest.mark.parametrize("iteration", [0, 4, 90])
def test_the_loss_is_that_of_the_paper(iteration):
    model = tiny_jointvae(**SETTINGS)
    step, calls = RecordedStep(BATCH, IMAGE, iteration=iteration), record_calls(model, ["encoder", "decoder"])
    losses = model.losses(step)
    ((x, outputs),), ((latent, logits),) = calls["encoder"], calls["decoder"]

    a, b, mean, log_variance = outputs.split([*CLASSES, LATENT, LATENT], dim=1)
    relaxed = [
        ((Categorical(logits=logit).logits - torch.log(-torch.log(uniform))) / 0.5).softmax(dim=1)
        for logit, uniform in zip((a, b), step.handed["uniform"], strict=True)
    ]
    posterior = Normal(mean, (log_variance / 2).exp())
    z = posterior.mean + posterior.stddev * step.handed["normal"][0]
    torch.testing.assert_close(latent, torch.cat([*relaxed, z], dim=1))

    reconstruction = -Bernoulli(logits=logits, validate_args=False).log_prob(x).sum() / BATCH
    kl_z = kl_divergence(posterior, Normal(0.0, 1.0)).mean(dim=0)
    kl_c = torch.stack(
        [
            kl_divergence(Categorical(logits=logit), Categorical(logits=torch.zeros_like(logit))).mean()
            for logit in (a, b)
        ]
    )
    share = min(iteration / 10, 1)
    expected = reconstruction + 7 * (kl_z.sum() - 4 * share).abs() + 7 * (kl_c.sum() - 1 * share).abs()
    torch.testing.assert_close(losses.total["vae"], expected)
    torch.testing.assert_close(losses.terms["kl"], torch.cat([kl_c, kl_z]))
    torch.testing.assert_close(losses.terms["kl_categorical"] + losses.terms["kl_continuous"], losses.terms["total_kl"])


def test_the_categorical_capacity_stays_at_what_its_classes_can_hold():
    cfg = tiny_jointvae(capacity=40.0, capacity_categorical=5.0, capacity_iterations=100).cfg
    at = {t: [float(c) for c in capacities(cfg, torch.tensor(t))] for t in (0, 10, 50, 100, 1000)}
    ceiling = pytest.approx(math.log(3) + math.log(2))
    assert at == {0: [0, 0], 10: [4, 0.5], 50: [20, ceiling], 100: [40, ceiling], 1000: [40, ceiling]}


def test_a_concrete_sample_is_nearly_one_hot_at_a_low_temperature_and_has_the_class_s_probability():
    logits = torch.tensor([0.5, -1.0, 2.0]).expand(20_000, 3)
    sample = sample_concrete(logits, 0.01, GeneratorDraw(0))
    torch.testing.assert_close(sample.sum(dim=1), torch.ones(20_000))
    assert (sample.amax(dim=1) > 0.99).float().mean() > 0.97
    counts = torch.bincount(sample.argmax(dim=1), minlength=3) / 20_000
    torch.testing.assert_close(counts, logits[0].softmax(dim=0), atol=0.01, rtol=0)


def test_a_uniform_draw_of_zero_leaves_sample_and_gradient_finite():
    class Zeros(GeneratorDraw):
        def uniform(self, *shape):
            return torch.zeros(shape)

    logits = torch.randn(4, 3, generator=torch.Generator().manual_seed(0)).requires_grad_()
    sample = sample_concrete(logits, 0.67, Zeros(0))
    (gradient,) = torch.autograd.grad(sample.square().sum(), logits)
    assert sample.isfinite().all()
    assert gradient.isfinite().all()


def test_the_kl_to_uniform_is_zero_for_equal_logits_and_log_classes_for_certain_ones():
    certain = torch.tensor([[0.0, 0.0, 200.0, 0.0]])
    torch.testing.assert_close(kl_to_uniform(torch.zeros(2, 4)), torch.zeros(2))
    torch.testing.assert_close(kl_to_uniform(certain), torch.tensor([math.log(4)]))
