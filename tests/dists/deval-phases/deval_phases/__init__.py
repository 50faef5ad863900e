from disentangle_eval import ModelSpec, hookimpl


@hookimpl
def register_models():
    yield ModelSpec(
        name="two-stage-vae",
        summary="VAE, then a second VAE of its latents, from which it draws images",
        target="deval_phases.two_stage:TwoStageVAE",
        config="deval_phases.config:TwoStageConfig",
        paper="Dai, Wipf: Diagnosing and Enhancing VAE Models, ICLR 2019",
        api=1,
        version=1,
    )
    yield ModelSpec(
        name="perceptual-vae",
        summary="VAE whose reconstructions are compared in the features of a frozen network",
        target="deval_phases.perceptual:PerceptualVAE",
        config="deval_phases.config:PerceptualConfig",
        paper="Hou, Shen, Sun, Qiu: Deep Feature Consistent Variational Autoencoder, WACV 2017",
        api=1,
        version=1,
    )
