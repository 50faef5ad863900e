"""What each dimension of a representation changes: one row of images per dimension, the others fixed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from disentangle_eval.api import Dataset, Encoder, Traversable, Traversal
from disentangle_eval.errors import UsageError
from disentangle_eval.latents import Categorical, CodeDimension
from disentangle_eval.report.labels import labelled_table
from disentangle_eval.runtime.draws import GeneratorDraw, stream_seed
from disentangle_eval.runtime.evaluating import evaluating


@dataclass(frozen=True)
class Sweep:
    """One dimension of the code varied from a starting point, all others held.

    `positions` are the values it takes, the classes of a categorical one; `images` (n, C, H, W) in [0, 1] belong to
    them. `rate` is in nats.
    """

    dimension: int
    kind: CodeDimension
    rate: float
    positions: tuple[float, ...]
    images: Tensor


def sweeps(
    model: Traversable,
    columns: int,
    seed: int,
    device: torch.device,
    reach: float = 2.0,
    image: Callable[[], Tensor] | None = None,
    *,
    absolute: tuple[float, float] | None = None,
    from_prior: bool = False,
    given: Tensor | None = None,
) -> tuple[Sweep, ...]:
    """One sweep per dimension of the code, the highest rate first, from one starting point.

    The starting point is the code of `image` (1, C, H, W) if the model can encode it, otherwise what the seed chooses:
    of the model's own origins, or `from_prior` a sample of the prior of the code, without an image. With `given`
    (1, C, H, W) it is the code of that image, which any model may read with its `encode` (see `encoding_of`).

    A continuous dimension takes `columns` evenly spaced values up to `reach` spreads either way of the starting point,
    of which an odd number has it in the middle; or values from the first to the second number of `absolute`. A
    categorical dimension takes its classes, however many. Images are on the CPU. ValueError for fewer than two columns.
    """
    if columns < 2:
        raise ValueError(f"columns: received {columns}, expected at least 2")
    with evaluating(model):
        space = space_of(model, seed, device)
        if given is not None:
            origin = encoding_of(model, space)(given.to(device))
        elif image is not None and space.encode is not None and not from_prior:
            origin = space.encode(image().to(device))
        else:
            origins = (space.prior or space.origin) if from_prior else space.origin
            origin = origins(GeneratorDraw(stream_seed(seed, "origin"), device), 1)
        order = space.rate.argsort(descending=True, stable=True).tolist()
        return tuple(_sweep(space, origin, dimension, columns, reach, absolute) for dimension in order)


def space_of(model: Traversable, seed: int, device: torch.device) -> Traversal:
    """The space that a model's sweeps are in, estimated with the randomness of a seed."""
    return model.traversal(GeneratorDraw(stream_seed(seed, "traversal"), device))


def encoding_of(model: Traversable, space: Traversal) -> Callable[[Tensor], Tensor]:
    """What maps images (B, C, H, W) to codes (B, K) of a space.

    That is the space's own `encode`, or the model's where its code has the columns of the space; `UsageError` where
    there is neither.
    """
    if space.encode is not None:
        return space.encode
    if isinstance(model, Encoder) and model.code == space.code:
        return model.encode
    raise UsageError(
        f"{type(model).__name__}", received="an image", expected="a model that encodes images into what it draws from"
    )


def chosen_image(data: Dataset, seed: int) -> Tensor:
    """An image (1, C, H, W) of a data set, chosen by the seed."""
    index = np.random.default_rng(stream_seed(seed, "traversal image")).integers(len(data), size=1)
    return data.images(torch.from_numpy(index))


def _sweep(
    space: Traversal,
    origin: Tensor,
    dimension: int,
    columns: int,
    reach: float,
    absolute: tuple[float, float] | None,
) -> Sweep:
    kind = space.code[dimension]
    if isinstance(kind, Categorical):
        values = torch.arange(kind.classes, dtype=origin.dtype, device=origin.device)
    elif absolute is not None:
        values = torch.linspace(*absolute, columns, dtype=origin.dtype, device=origin.device)
    else:
        offsets = [reach * (2 * column / (columns - 1) - 1) for column in range(columns)]
        values = origin[0, dimension] + space.spread[dimension] * origin.new_tensor(offsets)
    code = origin.repeat(len(values), 1)
    code[:, dimension] = values
    return Sweep(dimension, kind, float(space.rate[dimension]), tuple(values.tolist()), space.render(code).cpu())


def traversal_picture(rows: Sequence[Sweep]) -> np.ndarray:
    """Sweeps under each other, each with its dimension, rate and range at the left."""
    return labelled_table([(describe(row), row.images) for row in rows])


def describe(sweep: Sweep) -> tuple[str, ...]:
    """The lines of a sweep's label."""
    first, last = (_signed(value) for value in (sweep.positions[0], sweep.positions[-1]))
    range_ = f"{sweep.kind.classes} classes" if isinstance(sweep.kind, Categorical) else f"{first} to {last}"
    return (f"dimension {sweep.dimension}", f"{sweep.rate:.2f} nats", range_)


def _signed(value: float) -> str:
    return f"{value:.3g}".replace("-", "\N{MINUS SIGN}")
