"""Images of a data set, each above its reconstruction."""

from __future__ import annotations

import numpy as np
import torch

from disentangle_eval.api import Dataset, Reconstructor
from disentangle_eval.report.labels import labelled_table
from disentangle_eval.runtime.draws import stream_seed
from disentangle_eval.runtime.evaluating import evaluating
from disentangle_eval.training.sampler import EpochSampler

COLUMNS = 8
LABELS = (("original",), ("reconstruction",))


def reconstruction_picture(model: Reconstructor, data: Dataset, n: int, seed: int, device: torch.device) -> np.ndarray:
    """`n` different images that the seed chooses, or all if there are fewer, each over its reconstruction."""
    n = min(n, len(data))
    chosen = EpochSampler(len(data), n, stream_seed(seed, "reconstruction"), torch.device("cpu")).next()
    originals = torch.cat([data.images(chunk).cpu() for chunk in chosen.split(COLUMNS)])
    with evaluating(model):
        made = torch.cat([model.reconstruct(chunk.to(device)).cpu() for chunk in originals.split(COLUMNS)])
    pairs = zip(originals.split(COLUMNS), made.split(COLUMNS), strict=True)
    return labelled_table([row for pair in pairs for row in zip(LABELS, pair, strict=True)])
