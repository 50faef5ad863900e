"""Settings of the sound specimen."""

from typing import ClassVar

from disentangle_eval.config import Field, ModelConfig, Presets


class SoundConfig(ModelConfig):
    presets: ClassVar[Presets] = {"reference": {"*": {"beta": 0.5}}}

    z_dim: int = Field(4, ge=1, description="dimensions of the latent")
    beta: float = Field(1.0, ge=0, description="weight of the KL divergence")
