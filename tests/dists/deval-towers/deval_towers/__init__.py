from disentangle_eval import ModelSpec, hookimpl


@hookimpl
def register_models():
    yield ModelSpec(
        name="towers",
        summary="autoencoder whose encoder and decoder have layers of any number and size",
        target="deval_towers.model:Towers",
        config="deval_towers.config:TowersConfig",
        api=1,
    )
