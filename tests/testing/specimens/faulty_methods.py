"""What a trained model offers, with one fault each."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from specimens.sound_config import SoundConfig
from specimens.sound_model import Sound
from torch import Tensor
from torch.distributions import Distribution, Independent, Normal
from torch.nn.functional import pad

from disentangle_eval.api import Draw, ImageShape, Round, Traversal
from disentangle_eval.latents import Categorical

# ---------------------------------------------------------------- encode


class CodeTooShort(Sound):
    def encode(self, x: Tensor) -> Tensor:
        return super().encode(x)[:, 1:]

    def reconstruct(self, x: Tensor) -> Tensor:
        return self.decoder(super().encode(x))

    def decode(self, code: Tensor) -> Tensor:
        return self.decoder(pad(code, (1, 0)))


class NoCode(Sound):
    def __init__(self, cfg: SoundConfig, image: ImageShape) -> None:
        super().__init__(cfg, image)
        self.dimensions = self.code
        del self.code

    def traversal(self, draw: Draw) -> Traversal:
        ones = torch.ones(len(self.dimensions))
        return Traversal(self.dimensions, spread=ones, rate=ones, origin=self.prior.sample, render=self.decoder)


class DoubleCodes(Sound):
    def encode(self, x: Tensor) -> Tensor:
        return super().encode(x).double()

    def reconstruct(self, x: Tensor) -> Tensor:
        return self.decoder(super().encode(x))

    def decode(self, code: Tensor) -> Tensor:
        return self.decoder(code.float())


class LogitsForClasses(Sound):
    def __init__(self, cfg: SoundConfig, image: ImageShape) -> None:
        super().__init__(cfg, image)
        self.code = (Categorical(3), *self.code[1:])


class BatchStatistics(Sound):
    def encode(self, x: Tensor) -> Tensor:
        codes = super().encode(x)
        return codes - codes.mean(dim=0)


class TrainingMode(Sound):
    """Batch normalisation by the batch, and running statistics that move at every call."""

    def encode(self, x: Tensor) -> Tensor:
        return self.train().infer(x)[0]


class CountsCalls(Sound):
    calls = 0

    def encode(self, x: Tensor) -> Tensor:
        self.calls += 1
        return super().encode(x) * self.calls


# ---------------------------------------------------------------- the others


class PosteriorAsPair(Sound):
    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        return self.infer(x)


class PosteriorOfTheBatch(Sound):
    def posterior(self, x: Tensor) -> Distribution:
        return Independent(super().posterior(x), 2)


class NamesTwoClasses(Sound):
    """The sign of the first dimension is a class, with a probability."""

    def __init__(self, cfg: SoundConfig, image: ImageShape) -> None:
        super().__init__(cfg, image)
        self.real = self.code
        self.code = (Categorical(2), *self.code[1:])

    def encode(self, x: Tensor) -> Tensor:
        codes = super().encode(x)
        return torch.cat([(codes[:, :1] > 0).float(), codes[:, 1:]], dim=1)

    def logits(self, x: Tensor) -> Tensor:
        first = super().encode(x)[:, :1]
        return torch.cat([-first, first], dim=1)

    def traversal(self, draw: Draw) -> Traversal:
        ones = torch.ones(len(self.real))
        return Traversal(self.real, spread=ones, rate=ones, origin=self.prior.sample, render=self.decoder)


class ProbabilitiesNotATuple(NamesTwoClasses):
    def class_probabilities(self, x: Tensor) -> Tensor:  # type: ignore[override]
        return self.logits(x).softmax(dim=1)


class LogitsForProbabilities(NamesTwoClasses):
    def class_probabilities(self, x: Tensor) -> tuple[Tensor, ...]:
        return (self.logits(x),)


class ProbabilitiesOfAnotherClass(NamesTwoClasses):
    def class_probabilities(self, x: Tensor) -> tuple[Tensor, ...]:
        return ((-self.logits(x)).softmax(dim=1),)


class LikelihoodAPixel(Sound):
    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        return -(self.decoder(z) - x).square().flatten(1)


class LikelihoodOfTheBatch(Sound):
    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        return super().log_likelihood(x, z) / len(x)


class SignedImages(Sound):
    def generate(self, z: Tensor, draw: Draw | None = None) -> Tensor:
        return 2 * super().generate(z) - 1


class NoPrior(Sound):
    def __init__(self, cfg: SoundConfig, image: ImageShape) -> None:
        super().__init__(cfg, image)
        self.latent = self.prior
        del self.prior

    def rounds(self) -> Sequence[Round]:
        return [replace(super().rounds()[1], losses=self.together, players=("critic", "autoencoder"))]

    def together(self, step):
        rebuilt = self.rebuild(step)
        fake = self.critic(self.decoder(self.latent.sample(step, step.batch)))
        return replace(rebuilt, total={**rebuilt.total, "critic": (fake - self.critic(step.images())).mean()})

    def traversal(self, draw: Draw) -> Traversal:
        ones = torch.ones(len(self.code))
        return Traversal(self.code, spread=ones, rate=ones, origin=self.latent.sample, render=self.decoder)

    def pictures(self, draw: Draw) -> Mapping[str, Sequence[Tensor]]:
        return {"drawn": [self.decoder(self.latent.sample(draw, 3))]}


class ProbabilitiesOfNoCode(Sound):
    def class_probabilities(self, x: Tensor) -> tuple[Tensor, ...]:
        return (super().encode(x).softmax(dim=1),)


class FlatReconstruction(Sound):
    def reconstruct(self, x: Tensor) -> Tensor:
        return super().reconstruct(x).flatten(1)


class SignedDecoding(Sound):
    def decode(self, code: Tensor) -> Tensor:
        return 2 * super().decode(code) - 1


class RateOfTheBatch(Sound):
    def rate(self, z: Tensor) -> Tensor:
        return super().rate(z).sum(dim=1)


class LowerBoundOfTheBatch(Sound):
    def lower_bound(self, z: Tensor, draw: Draw, iteration: int | None = None) -> Tensor:
        return super().lower_bound(z, draw, iteration).mean(dim=0)


class SpreadAPair(Sound):
    def traversal(self, draw: Draw) -> Traversal:
        return replace(super().traversal(draw), spread=torch.ones(len(self.code), 2))


class SignedTraversal(Sound):
    def traversal(self, draw: Draw) -> Traversal:
        return replace(super().traversal(draw), render=lambda r: 2 * self.decoder(r) - 1)


class SignedPictures(Sound):
    def pictures(self, draw: Draw) -> Mapping[str, Sequence[Tensor]]:
        return {"drawn": [2 * row - 1 for row in super().pictures(draw)["drawn"]]}


class PictureOfATakenName(Sound):
    def pictures(self, draw: Draw) -> Mapping[str, Sequence[Tensor]]:
        return {"samples": super().pictures(draw)["drawn"]}


class GenerateCounts(Sound):
    def __init__(self, cfg: SoundConfig, image: ImageShape) -> None:
        super().__init__(cfg, image)
        self.register_buffer("calls", torch.zeros(()))

    def generate(self, z: Tensor, draw: Draw | None = None) -> Tensor:
        self.calls += 1
        return super().generate(z, draw)


class GenerateRemembers(Sound):
    dim = 1.0

    def generate(self, z: Tensor, draw: Draw | None = None) -> Tensor:
        self.dim /= 2
        return super().generate(z, draw) * self.dim


class ReconstructionOfTheBatch(Sound):
    def reconstruct(self, x: Tensor) -> Tensor:
        return super().reconstruct(x - x.mean(dim=0))


class WidePosterior(Sound):
    def posterior(self, x: Tensor) -> Distribution:
        mean = self.encoder(x)
        return Normal(mean, torch.ones_like(mean))
