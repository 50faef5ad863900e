"""An entry module whose hook imports the model."""

from collections.abc import Iterable

from disentangle_eval import ModelSpec, hookimpl


@hookimpl
def register_models() -> Iterable[ModelSpec]:
    import specimens.sound_model as model

    yield ModelSpec(
        name="hook-imports-model",
        summary=model.__doc__,
        target="specimens.sound_model:Sound",
        config="specimens.sound_config:SoundConfig",
    )
