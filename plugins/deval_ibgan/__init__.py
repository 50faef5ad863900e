"""IB-GAN: information bottleneck generative adversarial networks, and the GANs its study compares them with."""

from collections.abc import Iterable

from disentangle_eval import ModelSpec, hookimpl

PAPER = (
    "Jeon, Lee, Pyeon, Kim: IB-GAN: Disentangled Representation Learning with Information Bottleneck GANs, AAAI 2021"
)


@hookimpl
def register_models() -> Iterable[ModelSpec]:
    yield ModelSpec(
        name="ibgan",
        summary="GAN with an information bottleneck in its generator and two bounds on mutual information",
        target="deval_ibgan.model:IBGAN",
        config="deval_ibgan.config:IBGANConfig",
        paper=PAPER,
        api=1,
        version=1,
    )
    yield ModelSpec(
        name="ibgan-gan",
        summary="plain GAN with IB-GAN's networks, and an encoder that does not affect it",
        target="deval_ibgan.gan:GAN",
        config="deval_ibgan.config:GANConfig",
        paper=PAPER,
        api=1,
        version=1,
    )
    yield ModelSpec(
        name="ibgan-infogan",
        summary="InfoGAN with IB-GAN's networks: all of the noise is the code, without a bottleneck",
        target="deval_ibgan.infogan:InfoGAN",
        config="deval_ibgan.config:InfoGANConfig",
        paper=PAPER,
        api=1,
        version=1,
    )
