"""Is information written into the background of a model's images of dSprites, where a discriminator may not see it?

Images from the model's prior are encoded twice: as they are, and with everything black that is further than three
pixels from the largest bright region. The correlation of both codes, by dimension, is near 1 for one that is read off
the sprite, and near 0 for one that is read off the background.

    python benchmarks/background.py runs/ibgan-dsprites-seed0 --out background.jsonl
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from lines import line, write
from scipy import ndimage

import disentangle_eval as de
from disentangle_eval.runtime.devices import describe_device
from disentangle_eval.runtime.draws import GeneratorDraw

MARGIN = 3


def without_background(images: np.ndarray) -> np.ndarray:
    """Images (N, 1, H, W) in [0, 1], black further than MARGIN pixels from the largest region brighter than 0.5."""
    kept = np.zeros_like(images)
    for image, out in zip(images[:, 0], kept[:, 0], strict=True):
        regions, count = ndimage.label(image > 0.5)
        if count:
            largest = regions == 1 + np.bincount(regions.ravel())[1:].argmax()
            near = ndimage.binary_dilation(largest, iterations=MARGIN)
            out[near] = image[near]
    return kept


def correlations(first: np.ndarray, second: np.ndarray) -> list[float]:
    """Of the columns of two tables (N, K): (K,)."""
    return [float(np.corrcoef(*pair)[0, 1]) for pair in zip(first.T, second.T, strict=True)]


@torch.no_grad()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", help="a run folder or checkpoint of a model that generates and encodes")
    parser.add_argument("--images", type=int, default=1000, help="default: 1000")
    parser.add_argument("--seed", type=int, default=0, help="default: 0")
    parser.add_argument("--out", type=Path, help="JSON lines to append to")
    arguments = parser.parse_args()

    model = de.load_model(arguments.source, device="cpu")
    z = model.prior.sample(GeneratorDraw(arguments.seed), arguments.images)
    images = model.generate(z)
    codes = model.encode(images).numpy()
    blanked = model.encode(torch.from_numpy(without_background(images.numpy()))).numpy()
    found = {
        "source": Path(arguments.source).name,
        "images": arguments.images,
        "seed": arguments.seed,
        "rate": model.rate(z).mean(dim=0).tolist(),
        "correlation": correlations(codes, blanked),
    }
    write(line("background", found, describe_device(torch.device("cpu"))), arguments.out)


if __name__ == "__main__":
    main()
