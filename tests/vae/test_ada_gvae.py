"""Ada-GVAE against its formula, evaluated by torch's own distributions, pair by pair."""

import torch
from torch.distributions import Normal, kl_divergence
from vae_tiny import BATCH, IMAGE, AdaGVAE, tiny

from deval_vae.ada_gvae import averaged
from disentangle_eval.testing import RecordedStep


def test_dimensions_that_nearly_agree_have_one_posterior():
    draw = torch.Generator().manual_seed(0)
    mean, log_variance = torch.randn(2, 8, 3, generator=draw)
    new_mean, new_log_variance, shared = averaged(mean, log_variance)
    assert 0 < shared.float().mean() < 1
    for i in range(4):
        q = [Normal(mean[j], (0.5 * log_variance[j]).exp()) for j in (i, i + 4)]
        kl = kl_divergence(*q)
        for j in range(3):
            same = bool(kl[j] < (kl.min() + kl.max()) / 2)
            assert bool(shared[i, j]) == same
            for position, own in zip((i, i + 4), q, strict=True):
                variance = (q[0].variance[j] + q[1].variance[j]) / 2 if same else own.variance[j]
                centre = (q[0].mean[j] + q[1].mean[j]) / 2 if same else own.mean[j]
                torch.testing.assert_close(new_mean[position, j], centre)
                torch.testing.assert_close(new_log_variance[position, j].exp(), variance)


def test_the_loss_is_the_mean_of_both_images_bounds_under_these_posteriors():
    model = tiny(AdaGVAE, beta=3.0)
    losses = model.losses(RecordedStep(BATCH, IMAGE))
    step = RecordedStep(BATCH, IMAGE)
    x = torch.cat([step.images(), step.images()])
    mean, log_variance, _ = averaged(*model.encoder(x).chunk(2, dim=1))
    q = Normal(mean, (0.5 * log_variance).exp())
    z = mean + q.stddev * step.normal(2 * BATCH, mean.shape[1])
    kl = kl_divergence(q, Normal(torch.zeros(1), torch.ones(1))).sum(dim=1).mean()
    expected = -model.log_likelihood(x, z).mean() + 3 * kl
    torch.testing.assert_close(losses.total["vae"], expected)
