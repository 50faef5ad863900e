"""Every installed model with networks so small that it trains in a second."""

from disentangle_eval.api import ImageShape
from disentangle_eval.testing.candidate import Candidate, find_candidate

SQUARE, MNIST = ImageShape(1, 16, 16), ImageShape(1, 28, 28)
VAES = ("vae", "beta-vae", "annealed-vae", "beta-tcvae", "dip-vae-i", "dip-vae-ii", "ada-gvae", "jointvae")
DISCRIMINATOR = {"discriminator_width": 8, "discriminator_layers": 2}
SMALL = {
    **dict.fromkeys(VAES, (SQUARE, {"hidden": 8})),
    **dict.fromkeys(("factorvae", "aae"), (SQUARE, {"hidden": 8, **DISCRIMINATOR})),
    "vq-vae": (SQUARE, {"classes": 8, "embedding_dim": 4, "width": 8}),
    "binfogan": (MNIST, {"width": 2}),
    "infoae": (MNIST, {"width": 2, "z_dim": 5, "hidden": 7}),
    "infogan": (MNIST, {"width": 2}),
    "infowgan-gp": (MNIST, {"width": 2}),
    **dict.fromkeys(
        ("ibgan", "ibgan-gan", "ibgan-infogan"),
        (ImageShape(1, 64, 64), {"generator_width": 2, "discriminator_width": 2, "z_dim": 4}),
    ),
}


def small(name: str) -> Candidate:
    image, config = SMALL.get(name, (SQUARE, {}))
    return find_candidate(name, image, config)
