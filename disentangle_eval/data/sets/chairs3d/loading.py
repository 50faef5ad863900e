"""3D Chairs from the archive or a folder of its pictures; the factors are read off the files' names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from disentangle_eval import DatasetSpec
from disentangle_eval.data import (
    ByteImages,
    FactorSpace,
    FactorTable,
    ImageDataset,
    PublishedPictures,
    prepare_pictures,
)
from disentangle_eval.data.sets.chairs3d.config import Chairs3DConfig

FACTORS = ("model", "elevation", "azimuth")
VIEWS = 62

# image_NUMBER_pELEVATION_tAZIMUTH_rDISTANCE.png, angles in degrees; a folder per model, or all in one, counted from 1.
_VIEW = r"image_\d+_p(?P<elevation>\d+)_t(?P<azimuth>\d+)_r\d+\.png"
_TREE = re.compile(rf"(?:.*/)?(?P<model>[^/]+)/renders/{_VIEW}")
_FLAT = re.compile(rf"(?:.*/)?(?P<count>\d+)_{_VIEW}")


def load(spec: DatasetSpec, folder: Path | None, cfg: Chairs3DConfig) -> ImageDataset:
    """The chairs, (1, 64, 64) unless the settings say otherwise, with the factors model, elevation and azimuth.

    The factors are read off the files' names; there are none where a name does not hold them. `folder` holds
    `rendered_chairs.tar`, the folder unpacked from it, or all pictures in `3DChairs/images/`, all of them.
    UsageError where it does not; DevalError where pictures are missing or damaged.
    """
    pictures = PublishedPictures(spec, folder, partial=cfg.partial, sort=sort)
    prepared = prepare_pictures(spec.name, pictures, cfg)
    return ImageDataset(spec.name, prepared.sha256, ByteImages.of(prepared.pixels), factors_of(prepared.names))


def sort(names: Sequence[str]) -> list[str]:
    """The names by model, elevation and azimuth, the last fastest; by their characters where one lacks these."""
    values = [_values(name) for name in names]
    if None in values:
        return sorted(names)
    return [name for _, name in sorted(zip(values, names, strict=True))]


def factors_of(names: Sequence[str]) -> FactorSpace | FactorTable | None:
    """The factors of sorted pictures: a grid where every combination is there, in order.

    None where a name does not hold them, or two hold the same.
    """
    values = [value for name in names if (value := _values(name))]
    if len(set(values)) < len(names):
        return None
    columns = [np.unique(column, return_inverse=True)[1] for column in zip(*values, strict=True)]
    table = FactorTable(FACTORS, np.stack(columns, axis=1).astype(np.int64))
    return FactorSpace(FACTORS, table.sizes) if np.prod(table.sizes) == len(names) else table


def _values(name: str) -> tuple[str, int, int] | None:
    """Model, elevation and azimuth in degrees. Where all pictures are in one folder, 62 in a row show one model."""
    if match := _TREE.fullmatch(name):
        model = match["model"]
    elif match := _FLAT.fullmatch(name):
        model = f"{(int(match['count']) - 1) // VIEWS:06}"
    else:
        return None
    return model, int(match["elevation"]), int(match["azimuth"])
