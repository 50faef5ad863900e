"""IB-GAN (Jeon et al., AAAI 2021, equations 4-11)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor
from torch.distributions import Normal as NormalDistribution

from deval_ibgan.bounds import lower_bound, lower_bound_by_dimension
from deval_ibgan.config import IBGANConfig
from deval_ibgan.game import play_game, to_signed, under_noise_of
from deval_ibgan.networks import BottleneckEncoder, Generator, check_size, initialise, readers
from deval_ibgan.optimisers import discriminator_player, rmsprop
from disentangle_eval.api import Draw, Group, ImageShape, Losses, Model, Player, Round, Step, Traversal
from disentangle_eval.gaussians import kl_to_standard, sample
from disentangle_eval.latents import Normal, Prior, continuous
from disentangle_eval.nn.averaging import AveragedWeights

TRAVERSAL_SAMPLES = 4096


class IBGAN(AveragedWeights, Model[IBGANConfig]):
    """Noise z passes the bottleneck e(r|z) before G draws an image; q(z|x) reads z back from the image.

    min over G, e, q and max over D of V(D, G) - (I_L - beta I_U), with I_L <= I(z; x) <= I_U in expectation. Prior and
    m(r) are standard normal, e is a diagonal Gaussian, q has unit variance. The representation of an image is the
    mean of e at the mean of q, (B, r_dim). In the variant "big" the trunk under D and q learns from D's loss alone.
    """

    def __init__(self, cfg: IBGANConfig, image: ImageShape) -> None:
        super().__init__(cfg, image)
        check_size(image)
        self.prior = Prior((Normal(cfg.z_dim),))
        self.code = continuous(cfg.r_dim)
        self.encoder = BottleneckEncoder(cfg.z_dim, cfg.r_dim, cfg.variant)
        self.generator = Generator(cfg.r_dim, cfg.generator_width, image.channels)
        self.trunk, self.discriminator, self.reconstructor = readers(
            cfg.variant, image.channels, cfg.discriminator_width, cfg.z_dim
        )
        initialise(self, cfg.init)
        self.keep_averages(cfg.average_decay, "encoder", "generator", "trunk", "reconstructor")

    # ------------------------------------------------------------ training

    def players(self) -> Sequence[Player]:
        return [
            discriminator_player(self.cfg, self.trunk, self.discriminator),
            Player(
                "generator",
                (Group(self.encoder), Group(self.generator), Group(self.reconstructor)),
                rmsprop(self.cfg.lr),
            ),
        ]

    def rounds(self) -> Sequence[Round]:
        return [Round(self.losses, players=("discriminator", "generator"))]

    def losses(self, step: Step) -> Losses:
        cfg = self.cfg
        self.follow_weights()
        z = self.prior.sample(step, step.batch)
        mean, log_variance = self.encoder(z)
        r = sample(mean, log_variance, step)
        game = play_game(cfg, self.trunk, self.discriminator, self.reconstructor, self.generator(r), step)

        lower = lower_bound(z, self.reconstructor(game.fake_features))
        kl = kl_to_standard(mean, log_variance).mean(dim=0)
        upper = kl.sum()
        penalty = 100 * upper * (upper.detach() >= 20) if cfg.rate_ceiling else 0.0

        return Losses(
            total={
                "discriminator": game.discriminator_loss,
                "generator": cfg.gamma * game.adversarial - lower + cfg.beta * upper + penalty,
            },
            terms={**game.terms, "lower_bound": lower, "upper_bound": upper, "kl": kl, "noise": game.noise},
        )

    # ------------------------------------------------------------ what it offers

    def encode(self, x: Tensor) -> Tensor:
        return self._bottleneck(x)[0]

    def posterior(self, x: Tensor) -> NormalDistribution:
        """e(r|z) at the mean of q(z|x), shape (B, r_dim); its prior is standard normal."""
        mean, log_variance = self._bottleneck(x)
        return NormalDistribution(mean, (0.5 * log_variance).exp())

    def generate(self, z: Tensor, draw: Draw | None = None) -> Tensor:
        """Without `draw`, r is the mean of e(r|z)."""
        mean, log_variance = self.averaged("encoder")(z)
        return self.render(mean if draw is None else sample(mean, log_variance, draw))

    def render(self, r: Tensor) -> Tensor:
        """(B, r_dim) -> (B, C, H, W) in [0, 1]."""
        images: Tensor = (self.averaged("generator")(r) + 1) / 2
        return images

    def reconstruct(self, x: Tensor) -> Tensor:
        return self.render(self.encode(x))

    def rate(self, z: Tensor) -> Tensor:
        """KL(e(r|z) || m(r)) per dimension, (B, Z) -> (B, r_dim) nats."""
        return kl_to_standard(*self.averaged("encoder")(z))

    def lower_bound(self, z: Tensor, draw: Draw, iteration: int | None = None) -> Tensor:
        """The integrand of I_L per dimension, (B, Z) nats, r drawn from e(r|z), x under the noise of `iteration`."""
        mean, log_variance = self.averaged("encoder")(z)
        images = self.averaged("generator")(sample(mean, log_variance, draw))
        x = under_noise_of(self.cfg, images, iteration, draw)
        return lower_bound_by_dimension(z, self._read(x))

    def traversal(self, draw: Draw) -> Traversal:
        encoder = self.averaged("encoder")
        mean, log_variance = encoder(self.prior.sample(draw, TRAVERSAL_SAMPLES))
        return Traversal(
            code=self.code,
            spread=(mean.var(dim=0) + log_variance.exp().mean(dim=0)).sqrt(),
            rate=kl_to_standard(mean, log_variance).mean(dim=0),
            origin=lambda draw, n: encoder(self.prior.sample(draw, n))[0],
            render=self.render,
            prior=lambda draw, n: draw.normal(n, self.cfg.r_dim),
        )

    def _bottleneck(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_variance = self.averaged("encoder")(self._read(to_signed(x)))
        return mean, log_variance

    def _read(self, x: Tensor) -> Tensor:
        """The mean of q(z|x) of images in [-1, 1], (B, Z), with averaged weights where there are any."""
        mean: Tensor = self.averaged("reconstructor")(self.averaged("trunk")(x))
        return mean
