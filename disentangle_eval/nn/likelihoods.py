"""The density of the models that maximise a bound on the likelihood; the adversarial autoencoder does not."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from disentangle_eval.nn.averaging import AveragedWeights


class BernoulliLikelihood:
    """Offers `disentangle_eval.api.Likelihood` to a model whose `decoder` gives the logits of Bernoulli pixels."""

    decoder: nn.Sequential

    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        """(B, C, H, W) in [0, 1] and (B, Z) -> sum over pixels of x log p + (1 - x) log(1 - p), (B,) nats.

        The same expression for grey and colour images, for which it is not the log of a normalised density.
        """
        decoder = self.averaged("decoder") if isinstance(self, AveragedWeights) else self.decoder
        return -binary_cross_entropy_with_logits(decoder(z), x, reduction="none").flatten(1).sum(dim=1)
