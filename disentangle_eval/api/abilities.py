"""The abilities of models, as protocols tested by attribute, and the source of randomness.

Shapes: B batch, C H W image, Z latent, K code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from torch import Tensor
    from torch.distributions import Distribution

    from disentangle_eval.api.data import Dataset
    from disentangle_eval.latents import CodeDimension, Prior


class Draw(Protocol):
    """The only source of randomness of a plugin. Tensors are on the model's device."""

    def normal(self, *shape: int) -> Tensor:
        """Standard normal, float32."""

    def uniform(self, *shape: int) -> Tensor:
        """Uniform on [0, 1), float32."""

    def integers(self, high: int, *shape: int) -> Tensor:
        """Uniform on 0 .. high - 1, int64."""

    def permutation(self, n: int, columns: int) -> Tensor:
        """(n, columns) int64; each column an independent permutation of 0 .. n - 1."""


@runtime_checkable
class Encoder(Protocol):
    """Has a representation. `code` describes each of its K columns."""

    code: tuple[CodeDimension, ...]

    def encode(self, x: Tensor) -> Tensor:
        """(B, C, H, W) in [0, 1] -> (B, K) float32, in eval mode; each row depends on its own image alone."""


@runtime_checkable
class Posterior(Protocol):
    """Has a posterior over its latent."""

    def posterior(self, x: Tensor) -> Distribution:
        """(B, C, H, W) in [0, 1] -> q(z|x), a distribution with batch shape (B, Z) or event shape (Z,)."""


@runtime_checkable
class Generator(Protocol):
    """Makes images from its prior."""

    prior: Prior

    def generate(self, z: Tensor, draw: Draw | None = None) -> Tensor:
        """(B, Z) -> (B, C, H, W) in [0, 1]. Without `draw`, inner noise takes its mean."""


@runtime_checkable
class Samples(Protocol):
    """Images of a generator that is not at hand: they can be compared with others, but no further ones can be drawn."""

    finished: Dataset


@runtime_checkable
class Bottleneck(Protocol):
    """Has a variational upper bound on the information between latent and image."""

    def rate(self, z: Tensor) -> Tensor:
        """(B, Z) -> (B, R) nats: the upper bound's integrand, one column per dimension of the bottleneck."""


@runtime_checkable
class LowerBound(Protocol):
    """Infers its generator's input from the image: a variational lower bound on the information they share."""

    def lower_bound(self, z: Tensor, draw: Draw, iteration: int | None = None) -> Tensor:
        """(B, Z) -> (B, L) nats: log q(z|x) - log p(z) at an image x drawn from z, one column per part of the input.

        In eval mode. With `iteration`, x has the noise that training adds in that iteration; otherwise none.
        """


@runtime_checkable
class Classifier(Protocol):
    """Has probabilities of the classes of its code."""

    def class_probabilities(self, x: Tensor) -> tuple[Tensor, ...]:
        """(B, C, H, W) in [0, 1] -> q(c|x) of each categorical dimension of `code`, in order: (B, classes) each.

        Rows are float32 and sum to 1, and `encode` returns the most probable class. In eval mode.
        """


@runtime_checkable
class Likelihood(Protocol):
    """Has a density over images given its latent."""

    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        """(B, C, H, W) in [0, 1] and (B, Z) -> log p(x|z), (B,) nats."""


@runtime_checkable
class Reconstructor(Protocol):
    """Maps an image to its reconstruction."""

    def reconstruct(self, x: Tensor) -> Tensor:
        """(B, C, H, W) in [0, 1] -> (B, C, H, W) in [0, 1], in eval mode."""


@runtime_checkable
class Decoder(Protocol):
    """Generates images from codes, also from codes that its generator's prior does not have."""

    def decode(self, code: Tensor) -> Tensor:
        """(B, K), as `encode` returns it or between such codes -> (B, C, H, W) in [0, 1], in eval mode."""


@dataclass(frozen=True)
class Traversal:
    """The space of a model's traversals: codes (B, K), and a function from codes to images.

    `spread` is the standard deviation of each column under the model, for a column with bounds a quarter of their
    distance, so that two spreads either way cover its range; `rate` is the information of each column, nats, by which
    rows are sorted; `origin` draws starting points, (B, K). `encode` maps images (B, C, H, W)
    to their codes (B, K), if the model can; a traversal then starts from an image of the data. `prior` draws starting
    points from the prior of the code itself, if `origin` does not.
    """

    code: tuple[CodeDimension, ...]
    spread: Tensor
    rate: Tensor
    origin: Callable[[Draw, int], Tensor]
    render: Callable[[Tensor], Tensor]
    encode: Callable[[Tensor], Tensor] | None = None
    prior: Callable[[Draw, int], Tensor] | None = None


@runtime_checkable
class Traversable(Protocol):
    """Can be drawn as a traversal of each dimension of its representation."""

    def traversal(self, draw: Draw) -> Traversal:
        """The space of the traversal, estimated with the given randomness."""


@runtime_checkable
class Pictured(Protocol):
    """Has pictures of its own, which a run draws with every kept snapshot."""

    def pictures(self, draw: Draw) -> Mapping[str, Sequence[Tensor]]:
        """Rows of images by the picture's name, each row (n, C, H, W) in [0, 1], in eval mode.

        A name is lower-case words joined by hyphens; the run's own pictures are `samples` and `traversal`.
        """


class AnyModel(
    Encoder,
    Posterior,
    Classifier,
    Generator,
    Bottleneck,
    LowerBound,
    Likelihood,
    Reconstructor,
    Decoder,
    Traversable,
    Protocol,
):
    """A model as a metric receives it: it has at least the abilities that the metric's spec needs."""
