from itertools import pairwise

from torch import nn

from disentangle_eval.api import Losses
from disentangle_eval.nn.freezing import Frozen
from disentangle_eval.nn.gaussian_vae import GaussianVAE


class PerceptualVAE(GaussianVAE):
    """The frozen network is a random one here; weights of a trained one would be loaded before it is frozen."""

    def __init__(self, cfg, image):
        super().__init__(cfg, image)
        layers = [
            layer
            for before, after in pairwise((image.channels, *cfg.channels))
            for layer in (nn.Conv2d(before, after, 3, 2, padding=1), nn.BatchNorm2d(after), nn.ReLU())
        ]
        self.features = Frozen(nn.Sequential(*layers))

    def losses(self, step):
        x = step.images()
        mean, log_variance = self.gaussian(x)
        batch = self.through(x, mean, log_variance, step)
        distance = (self.features(self.decoder(batch.z).sigmoid()) - self.features(x)).square().mean()
        return Losses(
            {"vae": batch.reconstruction + batch.total_kl + self.cfg.features * distance},
            {**batch.terms, "features": distance},
        )
