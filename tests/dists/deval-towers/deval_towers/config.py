from typing import ClassVar, Literal

from disentangle_eval.config import Config, Field, ModelConfig, Presets


class Tower(Config):
    hidden: tuple[int, ...] = Field((32,), description="units of each hidden layer")
    activation: Literal["relu", "tanh"] = Field("relu", description="what follows a layer")


class TowersConfig(ModelConfig):
    presets: ClassVar[Presets] = {"reference": {"*": {}}, "wide": {"*": {"encoder": {"hidden": (64, 64)}}}}

    encoder: Tower = Field(Tower(hidden=(16, 8)), description="layers of the encoder")
    decoder: Tower = Field(Tower(), description="layers of the decoder")
    latent_dim: int = Field(3, ge=1, description="dimensions of the representation")
    lr: float = Field(1e-3, gt=0, description="learning rate (Adam)")
