"""A small Bidirectional InfoGAN, and a step that keeps what it hands out, so that a test can compute losses anew."""

from collections import defaultdict

import torch

from deval_binfogan.config import BidirectionalInfoGANConfig
from deval_binfogan.model import BidirectionalInfoGAN
from disentangle_eval.api import ImageShape
from disentangle_eval.config import build
from disentangle_eval.draws import GeneratorDraw

IMAGE = ImageShape(1, 28, 28)
BATCH, CATEGORICAL, CLASSES, CONTINUOUS, NOISE = 6, 2, 3, 2, 4
TINY = {
    "width": 2,
    "categorical_codes": CATEGORICAL,
    "classes": CLASSES,
    "continuous_codes": CONTINUOUS,
    "noise_dim": NOISE,
    "batch_size": BATCH,
}
NETWORKS = ("generator", "encoder", "discriminator")


def tiny_binfogan(image=IMAGE, **settings):
    torch.manual_seed(0)
    return BidirectionalInfoGAN(build(BidirectionalInfoGANConfig, {**TINY, **settings}), ImageShape(*image))


class RecordedStep(GeneratorDraw):
    """`Step` whose draws and images stay readable; a second one of the same seed hands out the same."""

    def __init__(self, seed=3):
        super().__init__(seed)
        self.batch = BATCH
        self.data_size = 10 * BATCH
        self.iteration = torch.tensor(0)
        self.handed = defaultdict(list)

    def normal(self, *shape):
        return self._keep("normal", super().normal(*shape))

    def uniform(self, *shape):
        return self._keep("uniform", super().uniform(*shape))

    def integers(self, high, *shape):
        return self._keep("integers", super().integers(high, *shape))

    def images(self):
        return self._keep("images", super().uniform(self.batch, *IMAGE).round(decimals=1))

    def _keep(self, kind, value):
        self.handed[kind].append(value.clone())
        return value


def record_calls(model):
    """What goes into and comes out of each network, call by call: `calls[name]` is a list of (inputs, output)."""
    calls = defaultdict(list)
    for name in NETWORKS:

        def keep(module, inputs, output, name=name):
            calls[name].append((inputs, output))

        getattr(model, name).register_forward_hook(keep)
    return calls
