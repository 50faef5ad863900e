"""The codes of a generator as the space of its traversal, with fixed noise."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from disentangle_eval.api import Draw, Traversal
from disentangle_eval.latents import Categorical
from disentangle_eval.nn.code_heads import Codes, Reading

SAMPLES = 1024
BATCH = 64


def code_traversal(
    codes: Codes, generate: Callable[[Tensor], Tensor], read: Callable[[Tensor], Reading], draw: Draw
) -> Traversal:
    """The codes' columns, with Q's information about each, on generated images, as its rate.

    Sweeps begin at random classes and at 0, the middle of the continuous codes' prior, and two spreads reach its ends.
    All images share one noise, which is drawn here.
    """
    prior = codes.prior
    latents = prior.sample(draw, SAMPLES)
    readings = [read(generate(latent)) for latent in latents.split(BATCH)]
    reading = Reading(*(torch.cat(parts) for parts in zip(*readings, strict=True)))
    noise = codes.split(prior.sample(draw, 1))[2]

    def origin(draw: Draw, n: int) -> Tensor:
        classes = codes.split(prior.sample(draw, n))[0].argmax(dim=2).float()
        return torch.cat([classes, classes.new_zeros(n, codes.continuous)], dim=1)

    return Traversal(
        code=codes.dimensions,
        spread=latents.new_tensor(
            [math.sqrt((k.classes**2 - 1) / 12) if isinstance(k, Categorical) else 0.5 for k in codes.dimensions]
        ),
        rate=codes.information(latents, reading),
        origin=origin,
        render=lambda code: generate(codes.latent(code, noise.expand(code.shape[0], -1))),
    )
