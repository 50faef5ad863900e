from disentangle_eval import ModelSpec, hookimpl


@hookimpl
def register_models():
    yield ModelSpec(
        name="wae-mmd",
        summary="Wasserstein autoencoder: a kernel distance pulls the aggregate posterior to the prior",
        target="deval_wae.model:WAEMMD",
        config="deval_wae.config:WAEConfig",
        paper="Tolstikhin, Bousquet, Gelly, Schoelkopf: Wasserstein Auto-Encoders, ICLR 2018",
        api=1,
        version=1,
    )
