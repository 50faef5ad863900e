"""Random affine maps and noise on images, differentiable, with randomness from the step alone."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

from disentangle_eval.api import Draw


@dataclass(frozen=True)
class AffineRanges:
    """How far a random affine map goes either way; each number is drawn uniformly and independently for each image.

    `rotation` is in degrees, `scale` a share of the size, `shear` a share of the height and `shift` in pixels.
    """

    rotation: float = 15.0
    scale: float = 0.15
    shear: float = 0.25
    shift: float = 1.4


DEFAULT_RANGES = AffineRanges()


def random_affine(images: Tensor, draw: Draw, ranges: AffineRanges = DEFAULT_RANGES) -> Tensor:
    """Images (B, C, H, W), each under a random affine map of its own about its centre, by bilinear interpolation.

    Pixels from outside an image repeat its edge, so any range of values passes unchanged. Gradients flow to `images`;
    on CUDA they are summed in no fixed order, so that a training with them repeats only approximately.
    """
    rotation, scale, shear, *shift = draw.uniform(len(images), 5).mul(2).sub(1).unbind(dim=1)
    maps = affine_maps(
        ranges.rotation * math.pi / 180 * rotation,
        1 + ranges.scale * scale,
        ranges.shear * shear,
        ranges.shift * torch.stack(shift, dim=1),
        images.shape[2],
        images.shape[3],
    )
    grid = affine_grid(maps, list(images.shape), align_corners=False).to(images.dtype)
    return grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)


def affine_maps(angle: Tensor, scale: Tensor, shear: Tensor, shift: Tensor, height: int, width: int) -> Tensor:
    """The maps of pixel positions, (B, 2, 3): rotation times shear times scale, plus shift, of the position in pixels.

    `angle`, in radians, `scale` and `shear` are (B,), `shift` is (B, 2) in pixels, right and down. The maps are in the
    coordinates of `torch.nn.functional.affine_grid`, in which an image reaches from -1 to 1.
    """
    cos, sin = scale * angle.cos(), scale * angle.sin()
    right, down = shift.unbind(dim=1)
    aspect = height / width
    rows = (
        torch.stack([cos, (shear * cos - sin) * aspect, right * (2 / width)], dim=1),
        torch.stack([sin / aspect, shear * sin + cos, down * (2 / height)], dim=1),
    )
    return torch.stack(rows, dim=1)


def augmented(images: Tensor, draw: Draw, affine: bool, noise: float = 0.0) -> Tensor:
    """Images (B, C, H, W) as networks are shown them in training: moved where `affine`, then under `noise`."""
    return with_noise(random_affine(images, draw) if affine else images, draw, noise)


def with_noise(images: Tensor, draw: Draw, deviation: float) -> Tensor:
    """Images of any shape under normal noise of a standard deviation; the images themselves where it is 0."""
    return images + deviation * draw.normal(*images.shape) if deviation else images
