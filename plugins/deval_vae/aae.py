"""The adversarial autoencoder (Makhzani et al., 2015) in the form Kim & Mnih (2018, appendix F) compare with."""

from __future__ import annotations

from deval_vae.config import AAEConfig
from disentangle_eval.api import Losses, Step
from disentangle_eval.nn.discriminated_vae import DiscriminatedVAE


class AAE(DiscriminatedVAE[AAEConfig]):
    """Minimises reconstruction + gamma KL(q(z) || p(z)); the posterior's own KL is logged and has no weight.

    The discriminator learns to distinguish latents of images from samples of the prior, and so estimates the
    divergence.
    """

    def losses(self, step: Step) -> Losses:
        batch = self.next_batch(step)
        judgement = self.judge(batch.z, self.prior.sample(step, step.batch))
        return Losses(
            total={
                "vae": batch.reconstruction + self.cfg.gamma * judgement.divergence,
                "discriminator": judgement.loss,
            },
            terms={
                **batch.terms,
                "aggregate_kl": judgement.divergence,
                "discriminator_accuracy": judgement.accuracy,
            },
        )
