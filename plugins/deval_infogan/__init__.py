"""InfoGAN and InfoWGAN-GP: adversarial networks that keep a code readable from the image."""

from collections.abc import Iterable

from disentangle_eval import ModelSpec, hookimpl


@hookimpl
def register_models() -> Iterable[ModelSpec]:
    yield ModelSpec(
        name="infogan",
        summary="GAN that maximises a lower bound on the information between a code and the image",
        target="deval_infogan.infogan:InfoGAN",
        config="deval_infogan.config:InfoGANConfig",
        paper="Chen, Duan, Houthooft, Schulman, Sutskever, Abbeel: InfoGAN: Interpretable Representation Learning by "
        "Information Maximizing Generative Adversarial Nets, NIPS 2016",
        api=1,
        version=1,
    )
    yield ModelSpec(
        name="infowgan-gp",
        summary="InfoGAN whose discriminator is a Wasserstein critic with a gradient penalty",
        target="deval_infogan.infowgan_gp:InfoWGANGP",
        config="deval_infogan.config:InfoWGANGPConfig",
        paper="Kim, Mnih: Disentangling by Factorising, ICML 2018",
        api=1,
        version=1,
    )
