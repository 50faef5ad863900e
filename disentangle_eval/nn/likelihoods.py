"""The density of the models that maximise a bound on the likelihood; the adversarial autoencoder does not."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import logsigmoid, relu

from disentangle_eval.nn.averaging import AveragedWeights

# In float32 log p is the logit itself where that is below -LARGE; above LARGE it is within 2e-11 of 0.
LARGE = 25.0


class BernoulliLikelihood:
    """Offers `disentangle_eval.api.Likelihood` to a model whose `decoder` gives the logits of Bernoulli pixels."""

    decoder: nn.Sequential

    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        """(B, C, H, W) in [0, 1] and (B, Z) -> sum over pixels of x log p + (1 - x) log(1 - p), (B,) nats.

        The same expression for grey and colour images, for which it is not the log of a normalised density.
        """
        decoder = self.averaged("decoder") if isinstance(self, AveragedWeights) else self.decoder
        return log_densities(x, decoder(z)).flatten(1).sum(dim=1)


def log_densities(x: Tensor, logits: Tensor) -> Tensor:
    """x in [0, 1] and the logits of p, of one shape -> x log p + (1 - x) log(1 - p) of each pixel, nats.

    The negative of `torch.nn.functional.binary_cross_entropy_with_logits`: the same float32 number for logits below 25,
    and within 2e-11 nats above. That function is several times as slow on a CPU where exp(-abs(logit)), its square or
    its cube is a subnormal number, as for many pixels of a black background.
    """
    log_p = logsigmoid(logits.clamp(-LARGE, LARGE)) - relu(-LARGE - logits)
    return log_p - (1 - x) * logits
