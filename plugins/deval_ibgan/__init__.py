"""IB-GAN: information bottleneck generative adversarial networks."""

from collections.abc import Iterable

from disentangle_eval import ModelSpec, hookimpl


@hookimpl
def register_models() -> Iterable[ModelSpec]:
    yield ModelSpec(
        name="ibgan",
        summary="GAN whose latent passes an information bottleneck between two mutual-information bounds",
        target="deval_ibgan.model:IBGAN",
        config="deval_ibgan.config:IBGANConfig",
        paper="Jeon, Lee, Pyeon, Kim: IB-GAN: Disentangled Representation Learning with Information Bottleneck GANs, "
        "AAAI 2021",
        api=1,
        version=1,
    )
