"""The entry module of the sound specimen."""

from collections.abc import Iterable

from disentangle_eval import ModelSpec, hookimpl


@hookimpl
def register_models() -> Iterable[ModelSpec]:
    yield ModelSpec(
        name="sound",
        summary="an autoencoder with a discriminator that keeps every promise",
        target="specimens.sound_model:Sound",
        config="specimens.sound_config:SoundConfig",
        api=1,
    )
