"""The way from one code to another, as images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from disentangle_eval.api import Traversable, Traversal
from disentangle_eval.latents import Categorical, CodeDimension
from disentangle_eval.report.labels import Lines
from disentangle_eval.report.traversal import encoding_of, space_of
from disentangle_eval.runtime.draws import GeneratorDraw, stream_seed
from disentangle_eval.runtime.evaluating import evaluating

PARALLEL = 1e-4


@dataclass(frozen=True)
class End:
    """Where a way begins or ends: its name, and an image (C, H, W) of the data or a code (K,) of the model's own."""

    name: str
    image: Tensor | None = None
    code: Tensor | None = None


def own_ends(model: Traversable, n: int, seed: int, device: torch.device) -> list[End]:
    """`n` codes that a model draws itself, chosen by the seed."""
    with evaluating(model):
        codes = space_of(model, seed, device).origin(GeneratorDraw(stream_seed(seed, "ends"), device), n)
    return [End(f"code {number}", code=code) for number, code in enumerate(codes)]


def ways(
    model: Traversable, pairs: Sequence[tuple[End, End]], columns: int, seed: int, device: torch.device
) -> list[tuple[Lines, Tensor]]:
    """Two rows per pair, `linear` and `spherical`: `columns` images on the way, between the ends' own images.

    `UsageError` for images and a model that does not encode them into what it draws from.
    """
    rows: list[tuple[Lines, Tensor]] = []
    with evaluating(model):
        space = space_of(model, seed, device)
        for pair in pairs:
            start, end = (code_of(model, space, one, device) for one in pair)
            before, after = ([] if one.image is None else [one.image[None]] for one in pair)
            for way in (linear, spherical):
                drawn = space.render(path(start, end, columns, space.code, way)).cpu()
                lines = (f"{pair[0].name} to {pair[1].name}", way.__name__)
                rows.append((lines, torch.cat([*before, drawn, *after])))
    return rows


def code_of(model: Traversable, space: Traversal, end: End, device: torch.device) -> Tensor:
    """The code (K,) of an end."""
    if end.image is not None:
        return encoding_of(model, space)(end.image[None].to(device))[0]
    assert end.code is not None
    return end.code


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
