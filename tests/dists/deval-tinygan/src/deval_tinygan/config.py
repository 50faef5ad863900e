"""Settings of the small GAN."""

from disentangle_eval.config import Field, ModelConfig


class TinyGANConfig(ModelConfig):
    iterations: int = Field(20_000, ge=1, description="training iterations")
    z_dim: int = Field(10, ge=1, description="dimensions of the latent")
    width: int = Field(16, ge=1, description="base channels of all networks")
    lr: float = Field(2e-4, gt=0, description="learning rate of all networks (Adam)")
