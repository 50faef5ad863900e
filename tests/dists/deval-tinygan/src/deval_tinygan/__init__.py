"""A small GAN whose encoder learns to read the latent back from generated images."""

from collections.abc import Iterable

from disentangle_eval import ModelSpec, hookimpl


@hookimpl
def register_models() -> Iterable[ModelSpec]:
    yield ModelSpec(
        name="tinygan",
        summary="small GAN with a latent regressor, for images of any size divisible by 4",
        target="deval_tinygan.model:TinyGAN",
        config="deval_tinygan.config:TinyGANConfig",
        api=1,
        version=1,
    )
