from disentangle_eval.config import Field
from disentangle_eval.nn.config import GaussianVAEConfig


class WAEConfig(GaussianVAEConfig):
    lambda_: float = Field(100.0, ge=0, description="weight of the kernel distance of q(z) from the prior")
