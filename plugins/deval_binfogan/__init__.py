"""Bidirectional InfoGAN: InfoGAN whose encoder takes part in the adversarial game."""

from collections.abc import Iterable

from disentangle_eval import ModelSpec, hookimpl


@hookimpl
def register_models() -> Iterable[ModelSpec]:
    yield ModelSpec(
        name="binfogan",
        summary="InfoGAN with an encoder; the discriminator judges pairs of image and code",
        target="deval_binfogan.model:BidirectionalInfoGAN",
        config="deval_binfogan.config:BidirectionalInfoGANConfig",
        paper="Hinz, Wermter: Inferencing Based on Unsupervised Learning of Disentangled Representations, ESANN 2018",
        api=1,
        version=1,
    )
