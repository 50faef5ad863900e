"""Discriminator and generator in turn, with the non-saturating loss; the encoder regresses the latent."""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn.functional import mse_loss, softplus

from deval_tinygan.config import TinyGANConfig
from disentangle_eval.api import Draw, Group, ImageShape, Losses, Model, Optim, Player, Round, Step
from disentangle_eval.latents import Normal, Prior, continuous


class TinyGAN(Model[TinyGANConfig]):
    """A round of the discriminator, then one that the generator and the encoder share."""

    def __init__(self, cfg: TinyGANConfig, image: ImageShape) -> None:
        super().__init__(cfg, image)
        if image.height % 4 or image.width % 4:
            raise ValueError(f"sides must be divisible by 4, received {image.height} x {image.width}")
        self.prior = Prior((Normal(cfg.z_dim),))
        self.code = continuous(cfg.z_dim)
        self.generator = generator(cfg, image)
        self.discriminator = reader(cfg, image, outputs=1)
        self.encoder = reader(cfg, image, outputs=cfg.z_dim)

    def players(self) -> Sequence[Player]:
        adam = Optim(lr=self.cfg.lr, betas=(0.5, 0.999))
        return [
            Player(name, (Group(network),), adam)
            for name, network in (
                ("discriminator", self.discriminator),
                ("generator", self.generator),
                ("encoder", self.encoder),
            )
        ]

    def rounds(self) -> Sequence[Round]:
        return [
            Round(self.discriminate, players=("discriminator",)),
            Round(self.generate_and_encode, players=("generator", "encoder")),
        ]

    def discriminate(self, step: Step) -> Losses:
        fake = self.discriminator(self.generator(self.prior.sample(step, step.batch)))
        real = self.discriminator(step.images())
        return Losses(
            total={"discriminator": softplus(fake).mean() + softplus(-real).mean()},
            terms={"logit_real": real.mean(), "logit_fake": fake.mean()},
        )

    def generate_and_encode(self, step: Step) -> Losses:
        z = self.prior.sample(step, step.batch)
        fake = self.generator(z)
        regression = mse_loss(self.encoder(fake), z)
        adversarial = softplus(-self.discriminator(fake)).mean()
        return Losses(total={"generator": adversarial + regression, "encoder": regression})

    def encode(self, x: Tensor) -> Tensor:
        return self.encoder(x)

    def generate(self, z: Tensor, draw: Draw | None = None) -> Tensor:
        return self.generator(z)

    def reconstruct(self, x: Tensor) -> Tensor:
        return self.generator(self.encoder(x))


def generator(cfg: TinyGANConfig, image: ImageShape) -> nn.Sequential:
    """(B, Z) -> (B, C, H, W) in [0, 1]."""
    width, height, breadth = cfg.width, image.height // 4, image.width // 4
    return nn.Sequential(
        nn.Linear(cfg.z_dim, 2 * width * height * breadth),
        nn.Unflatten(1, (2 * width, height, breadth)),
        nn.BatchNorm2d(2 * width),
        nn.ReLU(),
        nn.ConvTranspose2d(2 * width, width, 4, 2, padding=1),
        nn.BatchNorm2d(width),
        nn.ReLU(),
        nn.ConvTranspose2d(width, image.channels, 4, 2, padding=1),
        nn.Sigmoid(),
    )


def reader(cfg: TinyGANConfig, image: ImageShape, outputs: int) -> nn.Sequential:
    """(B, C, H, W) -> (B, outputs)."""
    width = cfg.width
    return nn.Sequential(
        nn.Conv2d(image.channels, width, 4, 2, padding=1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(width, 2 * width, 4, 2, padding=1),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        nn.Linear(2 * width * (image.height // 4) * (image.width // 4), outputs),
    )
