"""InfoAE: an autoencoder whose latents are also drawn from a category, and criticise themselves."""

from collections.abc import Iterable

from disentangle_eval import ModelSpec, hookimpl


@hookimpl
def register_models() -> Iterable[ModelSpec]:
    yield ModelSpec(
        name="infoae",
        summary="autoencoder with a latent generator, a classifier, a discriminator and a self-critic",
        target="deval_infoae.model:InfoAE",
        config="deval_infoae.config:InfoAEConfig",
        paper="Haque, Latif, Rana: Disentangled Representation Learning with Information Maximizing Autoencoder, 2019",
        api=1,
        version=1,
    )
