"""Autoencoders with discrete latents: JointVAE and VQ-VAE."""

from collections.abc import Iterable

from disentangle_eval import ModelSpec, hookimpl


@hookimpl
def register_models() -> Iterable[ModelSpec]:
    yield ModelSpec(
        name="jointvae",
        summary="VAE with categorical and Gaussian latents, each kind held at a capacity that rises during training",
        target="deval_discrete.jointvae:JointVAE",
        config="deval_discrete.config:JointVAEConfig",
        paper="Dupont: Learning Disentangled Joint Continuous and Discrete Representations, NeurIPS 2018",
        api=1,
        version=1,
    )
    yield ModelSpec(
        name="vq-vae",
        summary="autoencoder whose codes are entries of a learnt codebook, one per place of a grid",
        target="deval_discrete.vqvae:VQVAE",
        config="deval_discrete.config:VQVAEConfig",
        paper="van den Oord, Vinyals, Kavukcuoglu: Neural Discrete Representation Learning, NeurIPS 2017",
        api=1,
        version=1,
    )
