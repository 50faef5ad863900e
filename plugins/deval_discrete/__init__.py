"""Autoencoders with discrete latents: JointVAE."""

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
