"""Every installed model with networks so small that it trains in a second."""

from disentangle_eval.api import ImageShape
from disentangle_eval.testing.candidate import Candidate, find_candidate

# Any model not named here is of the variational autoencoders.
MNIST = ImageShape(1, 28, 28)
SMALL = {
    "binfogan": (MNIST, {"width": 2}),
    "infoae": (MNIST, {"width": 2, "z_dim": 5, "hidden": 7}),
    "infogan": (MNIST, {"width": 2}),
    "infowgan-gp": (MNIST, {"width": 2}),
    "tinygan": (ImageShape(1, 16, 16), {}),
    **dict.fromkeys(
        ("ibgan", "ibgan-gan", "ibgan-infogan"),
        (ImageShape(1, 64, 64), {"generator_width": 2, "discriminator_width": 2, "z_dim": 4}),
    ),
}


def small(name: str) -> Candidate:
    image, config = SMALL.get(name, (ImageShape(1, 64, 64), {}))
    return find_candidate(name, image, config)
