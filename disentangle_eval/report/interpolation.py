"""The way from one code to another, as images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from disentangle_eval.api import Decoder, Encoder, Traversable
from disentangle_eval.latents import Categorical, CodeDimension
from disentangle_eval.report.labels import Lines
from disentangle_eval.report.traversal import encoding_of, space_of
from disentangle_eval.runtime.draws import GeneratorDraw, stream_seed
from disentangle_eval.runtime.evaluating import evaluating

PARALLEL = 1e-4


@dataclass(frozen=True)
class Space:
    """Codes to go through: what each column holds, how an image is drawn of one, and how the code of an image is read.

    `encode` is None in a space that no image is encoded into.
    """

    code: Sequence[CodeDimension]
    render: Callable[[Tensor], Tensor]
    encode: Callable[[Tensor], Tensor] | None


@dataclass(frozen=True)
class End:
    """Where a way begins or ends: its name, and an image (C, H, W) of the data or a code (K,) of the model's own."""

    name: str
    image: Tensor | None = None
    code: Tensor | None = None


def own_ends(model: Any, n: int, seed: int, device: torch.device) -> list[End]:
    """`n` codes that a model draws itself, chosen by the seed."""
    with evaluating(model):
        codes = space_of(model, seed, device).origin(GeneratorDraw(stream_seed(seed, "ends"), device), n)
    return [End(f"code {number}", code=code) for number, code in enumerate(codes)]


def can_go_between(model: object) -> bool:
    """Whether `ways` can draw a model: its codes of images, or those that it draws itself."""
    return isinstance(model, Traversable) or (isinstance(model, Encoder) and isinstance(model, Decoder))


def ways(
    model: Any, pairs: Sequence[tuple[End, End]], columns: int, seed: int, device: torch.device
) -> list[tuple[Lines, Tensor]]:
    """Two rows per pair, `linear` and `spherical`: `columns` images on the way, between the ends' own images.

    Codes of images are those of `encode` where the model draws these itself, see `Decoder`, else those of its
    `traversal`. `UsageError` for images and a model that does not encode them into what it draws from.
    """
    rows: list[tuple[Lines, Tensor]] = []
    with evaluating(model):
        of_images = any(end.image is not None for pair in pairs for end in pair)
        space = space_between(model, seed, device, of_images)
        for pair in pairs:
            start, end = (code_of(space, one, device) for one in pair)
            before, after = ([] if one.image is None else [one.image[None]] for one in pair)
            for way in (linear, spherical):
                drawn = space.render(path(start, end, columns, space.code, way)).cpu()
                lines = (f"{pair[0].name} to {pair[1].name}", way.__name__)
                rows.append((lines, torch.cat([*before, drawn, *after])))
    return rows


def space_between(model: Any, seed: int, device: torch.device, of_images: bool) -> Space:
    """The space of a model's codes, of images or its own."""
    if of_images and isinstance(model, Encoder) and isinstance(model, Decoder):
        return Space(model.code, model.decode, model.encode)
    space = space_of(model, seed, device)
    return Space(space.code, space.render, encoding_of(model, space) if of_images else None)


def code_of(space: Space, end: End, device: torch.device) -> Tensor:
    """The code (K,) of an end."""
    if end.image is None or space.encode is None:
        assert end.code is not None
        return end.code
    return space.encode(end.image[None].to(device))[0]


def linear(start: Tensor, end: Tensor, shares: Tensor) -> Tensor:
    """Points (n, K) on the straight line between two codes (K,), at shares (n,) of the way."""
    return start + (end - start) * shares[:, None]


def spherical(start: Tensor, end: Tensor, shares: Tensor) -> Tensor:
    """Points (n, K) on the great circle between two codes (K,), at shares (n,) of the angle (Shoemake, 1985).

    Codes of different length change in length evenly. Parallel codes, and a code of zeros, have no such circle: the
    points are `linear`.
    """
    lengths = start.norm(), end.norm()
    if min(lengths) < PARALLEL:
        return linear(start, end, shares)
    angle = torch.arccos((torch.dot(start, end) / (lengths[0] * lengths[1])).clamp(-1, 1))
    if angle.sin() < PARALLEL:
        return linear(start, end, shares)
    first, second = start / lengths[0], end / lengths[1]
    direction = ((1 - shares) * angle).sin()[:, None] * first + (shares * angle).sin()[:, None] * second
    length = lengths[0] + (lengths[1] - lengths[0]) * shares
    points: Tensor = direction / angle.sin() * length[:, None]
    return points


def path(
    start: Tensor,
    end: Tensor,
    n: int,
    code: Sequence[CodeDimension],
    way: Callable[[Tensor, Tensor, Tensor], Tensor],
) -> Tensor:
    """`n` codes (n, K) from one to another, both ends among them; categorical columns change halfway."""
    shares = torch.linspace(0, 1, n, device=start.device)
    points = start.repeat(n, 1)
    real = torch.tensor([not isinstance(kind, Categorical) for kind in code], device=start.device)
    points[:, real] = way(start[real], end[real], shares)
    points[:, ~real] = torch.where((shares < 0.5)[:, None], start[~real], end[~real])
    return points
