"""Images a model draws from its prior."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from disentangle_eval.api import Generator
from disentangle_eval.report.grid import grid
from disentangle_eval.runtime.draws import GeneratorDraw, stream_seed
from disentangle_eval.runtime.evaluating import evaluating

CHUNK = 64


def samples(model: Generator, n: int, seed: int, device: torch.device) -> Tensor:
    """`n` images (n, C, H, W) in [0, 1] on the CPU, from latents that depend on `seed` and the prior alone."""
    z = model.prior.sample(GeneratorDraw(stream_seed(seed, "samples")), n)
    with evaluating(model):
        return torch.cat([model.generate(chunk.to(device)).cpu() for chunk in z.split(CHUNK)])


def sample_grid(model: Generator, n: int, seed: int, device: torch.device) -> np.ndarray:
    """`samples` as a picture about as wide as high."""
    return grid(samples(model, n, seed, device), columns=math.ceil(math.sqrt(n)))
