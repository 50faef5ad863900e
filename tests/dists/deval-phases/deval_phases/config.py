from disentangle_eval.config import Field
from disentangle_eval.nn.config import GaussianVAEConfig


class TwoStageConfig(GaussianVAEConfig):
    iterations: int = Field(1_000, ge=2, description="iterations of both stages together")
    second_iterations: int = Field(500, ge=1, description="iterations of the second stage, the last ones")
    second_hidden: int = Field(64, ge=1, description="units of the dense layers of the second stage")


class PerceptualConfig(GaussianVAEConfig):
    channels: tuple[int, ...] = Field((8, 16), min_length=1, description="channels of the frozen convolutions")
    features: float = Field(1.0, ge=0, description="weight of the squared error of the features")
