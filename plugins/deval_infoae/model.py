"""InfoAE, its objective reconstructed from the paper's prose."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, softplus

from deval_infoae.config import InfoAEConfig
from deval_infoae.networks import ARCHITECTURE, SelfCritic, decoder, perceptron, reader
from disentangle_eval.api import Draw, Group, ImageShape, Losses, Model, Optim, Player, Round, Step, Traversal
from disentangle_eval.latents import continuous
from disentangle_eval.nn.augmenting import random_affine
from disentangle_eval.nn.averaging import AveragedWeights
from disentangle_eval.nn.code_heads import Codes, Reading
from disentangle_eval.nn.code_sweeps import code_traversal
from disentangle_eval.nn.infogan_networks import check_sides


class InfoAE(AveragedWeights, Model[InfoAEConfig]):
    """Dec draws images from the latents of E and from those Gen makes of a category c and noise n.

    Di distinguishes real images from both. S distinguishes the latent that an image was drawn from and the latent that
    E reads in it. C reads c from latents. E, Dec, Gen and C learn together, against Di and S, all on one forward pass.
    The representation of an image is the most probable class of C(E(x)), then E(x): (B, 1 + z_dim).
    """

    def __init__(self, cfg: InfoAEConfig, image: ImageShape) -> None:
        super().__init__(cfg, image)
        check_sides(ARCHITECTURE, image)
        self.codes = Codes(categorical=1, classes=cfg.classes, continuous=0, noise_dim=cfg.noise_dim)
        self.prior = self.codes.prior
        self.code = (*self.codes.dimensions, *continuous(cfg.z_dim))
        self.encoder = reader(image, cfg.z_dim, cfg.width, cfg.slope)
        self.decoder = decoder(image, cfg.z_dim, cfg.width, cfg.slope)
        self.latent_generator = perceptron(self.prior.dim, cfg.hidden, cfg.z_dim)
        self.classifier = perceptron(cfg.z_dim, cfg.hidden, cfg.classes)
        self.discriminator = reader(image, 1, cfg.width, cfg.slope)
        self.critic = SelfCritic(image, cfg.z_dim, cfg.width, cfg.slope)
        self.keep_averages(cfg.average_decay, "encoder", "decoder", "latent_generator", "classifier")

    # ------------------------------------------------------------ training

    def players(self) -> Sequence[Player]:
        optim = Optim(lr=self.cfg.lr, betas=self.cfg.betas)
        adversary = Optim(lr=self.cfg.lr_discriminator, betas=self.cfg.betas)
        together = (self.encoder, self.decoder, self.latent_generator, self.classifier)
        return [
            Player("autoencoder", tuple(Group(network) for network in together), optim),
            Player("discriminator", (Group(self.discriminator),), adversary),
            Player("critic", (Group(self.critic),), adversary),
        ]

    def rounds(self) -> Sequence[Round]:
        return [Round(self.losses, players=("autoencoder", "discriminator", "critic"))]

    def losses(self, step: Step) -> Losses:
        cfg = self.cfg
        self.follow_weights()
        x = step.images()
        category_and_noise = self.prior.sample(step, step.batch)
        category = category_and_noise[:, : cfg.classes]

        z_generated = self.latent_generator(category_and_noise)
        # In one batch, for batch normalisation's running statistics are of all that Dec draws.
        z_real = self.encoder(x)
        x_reconstructed, x_generated = self.decoder(torch.cat([z_real, z_generated])).chunk(2)
        z_encoded = self.encoder(x_generated)

        real = self.discriminator(x)
        generated, reconstructed = self.discriminator(x_generated), self.discriminator(x_reconstructed)
        drawn_pair, read_pair = self.critic(x_generated, z_generated), self.critic(x_generated, z_encoded)

        d_real = softplus(-real).mean()
        d_generated, d_reconstructed = softplus(generated).mean(), softplus(reconstructed).mean()
        fakes = cfg.weight_generated + cfg.weight_reconstructed
        d_fake = (cfg.weight_generated * d_generated + cfg.weight_reconstructed * d_reconstructed) / fakes
        s_real, s_fake = softplus(-drawn_pair).mean(), softplus(read_pair).mean()

        weighted = {
            "reconstruction": (cfg.weight_reconstruction, self._error(x, x_reconstructed)),
            "adversarial_generated": (cfg.weight_generated, softplus(-generated).mean()),
            "adversarial_reconstructed": (cfg.weight_reconstructed, softplus(-reconstructed).mean()),
            "adversarial_critic": (cfg.weight_critic, softplus(-read_pair).mean()),
            "class_generated": (cfg.weight_class_generated, cross_entropy(self.classifier(z_generated), category)),
            "class_encoded": (cfg.weight_class_encoded, cross_entropy(self.classifier(z_encoded), category)),
        }
        if cfg.weight_critic_real:
            real_pair = self.critic(x, z_real)
            share = cfg.weight_critic_real / (cfg.weight_critic + cfg.weight_critic_real)
            s_fake = s_fake.lerp(softplus(real_pair).mean(), share)
            weighted["adversarial_critic_real"] = (cfg.weight_critic_real, softplus(-real_pair).mean())
        on_real = self._on_real_images(x, z_real, step)
        total = torch.stack([weight * term for weight, term in weighted.values()]).sum()
        for weight, term in on_real.values():
            total = total + weight * term
        terms = {name: term for name, (_, term) in {**weighted, **on_real}.items()}
        return Losses(
            total={"autoencoder": total, "discriminator": d_real + d_fake, "critic": s_real + s_fake},
            terms={
                **terms,
                "discriminator_real": d_real,
                "discriminator_fake": d_fake,
                "critic_real": s_real,
                "critic_fake": s_fake,
                "lower_bound_categorical": self.codes.entropy - terms["class_encoded"],
            },
        )

    def _error(self, x: Tensor, reconstructed: Tensor) -> Tensor:
        """Squared error of an image, mean over the batch and mean or sum over pixels, ()."""
        squares = (x - reconstructed).square()
        return squares.mean() if self.cfg.reconstruction == "mean" else squares.sum() / len(x)

    def _on_real_images(self, x: Tensor, z: Tensor, step: Step) -> dict[str, tuple[float, Tensor]]:
        """Terms of q = C(E(x)) that the paper does not have, by name, with their weights; those of weight 0 left out.

        Consistency is KL(q(x) || q(affine x)), the first held fixed; the entropies are those of q and of its mean.
        """
        cfg, terms = self.cfg, dict[str, tuple[float, Tensor]]()
        if not (cfg.weight_consistency or cfg.weight_conditional_entropy or cfg.weight_marginal_entropy):
            return terms
        log_q = self.classifier(z).log_softmax(dim=1)
        if cfg.weight_consistency:
            moved = self.classifier(self.encoder(random_affine(x, step))).log_softmax(dim=1)
            fixed = log_q.detach()
            terms["consistency"] = (cfg.weight_consistency, (fixed.exp() * (fixed - moved)).sum(dim=1).mean())
        if cfg.weight_conditional_entropy:
            terms["conditional_entropy"] = (cfg.weight_conditional_entropy, -(log_q.exp() * log_q).sum(dim=1).mean())
        if cfg.weight_marginal_entropy:
            log_mean = log_q.logsumexp(dim=0) - math.log(len(log_q))
            terms["marginal_entropy"] = (-cfg.weight_marginal_entropy, -(log_mean.exp() * log_mean).sum())
        return terms

    # ------------------------------------------------------------ what it offers

    def encode(self, x: Tensor) -> Tensor:
        z = self.averaged("encoder")(x)
        return torch.cat([self.averaged("classifier")(z).argmax(dim=1, keepdim=True).float(), z], dim=1)

    def class_probabilities(self, x: Tensor) -> tuple[Tensor, ...]:
        return (self._logits(x).softmax(dim=1),)

    def generate(self, z: Tensor, draw: Draw | None = None) -> Tensor:
        images: Tensor = self.averaged("decoder")(self.averaged("latent_generator")(z))
        return images

    def reconstruct(self, x: Tensor) -> Tensor:
        images: Tensor = self.averaged("decoder")(self.averaged("encoder")(x))
        return images

    def decode(self, code: Tensor) -> Tensor:
        """Dec(z) of codes (B, 1 + z_dim); the class, which E(x) decides, has no part in it."""
        images: Tensor = self.averaged("decoder")(code[:, 1:])
        return images

    def lower_bound(self, z: Tensor, draw: Draw, iteration: int | None = None) -> Tensor:
        """log q(c|x) - log p(c) of the category, (B, 1) nats; training adds no noise to images, in no iteration."""
        return self.codes.lower_bounds_of_each(z, self._read(self.generate(z))).categorical

    def traversal(self, draw: Draw) -> Traversal:
        """Over the category alone: the latent has no prior to sweep it in."""
        return code_traversal(self.codes, self.generate, self._read, draw)

    def _read(self, x: Tensor) -> Reading:
        """C(E(x)) as the reading of one categorical code."""
        logits = self._logits(x)
        nothing = logits[:, :0]
        return Reading(logits.unsqueeze(1), nothing, nothing)

    def _logits(self, x: Tensor) -> Tensor:
        """C(E(x)), with averaged weights where there are any."""
        logits: Tensor = self.averaged("classifier")(self.averaged("encoder")(x))
        return logits
