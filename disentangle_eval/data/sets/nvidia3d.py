"""Falcor3D and Isaac3D: renderings of a living room and of a kitchen with a robot arm (Nie et al., 2020).

Read from the makers' archives of 128 x 128 pixels, or from the folders unpacked from them, which the user brings.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from disentangle_eval import DataFile, DatasetSpec, data
from disentangle_eval.errors import DevalError

if TYPE_CHECKING:
    from disentangle_eval.data.pictures.config import PublishedPictureConfig


def load(spec: DatasetSpec, folder: Path | None, cfg: PublishedPictureConfig) -> data.ImageDataset:
    """The renderings, (3, 64, 64) unless the settings say otherwise, with all combinations of their factors.

    A picture's name is its index in the grid. `folder` holds the archive or the folder unpacked from it. UsageError
    where it does not; DevalError where pictures are missing, damaged or of other names.
    """
    pictures = data.PublishedPictures(spec, folder, partial=cfg.partial)
    prepared = data.prepare_pictures(spec.name, pictures, cfg)
    factors = factors_of(spec, prepared.names)
    return data.ImageDataset(spec.name, prepared.sha256, data.ByteImages.of(prepared.pixels), factors)


def factors_of(spec: DatasetSpec, names: Sequence[str]) -> data.FactorSpace | data.FactorTable:
    """The factors of pictures sorted by name: the whole grid, or a table where pictures were left out."""
    import numpy as np

    stems = [PurePosixPath(name).stem for name in names]
    index = [int(stem) for stem in stems if stem.isdecimal() and int(stem) < spec.images]
    if len(set(index)) < len(names):
        expected = f"numbers from 000000 to {spec.images - 1:06}, each once"
        other = next((name for name, stem in zip(names, stems, strict=True) if not stem.isdecimal()), names[0])
        raise DevalError(f"dataset {spec.name!r}: names of pictures", received=f"{other}, ...", expected=expected)
    grid = data.FactorSpace.parse(spec.factors)
    if index == list(range(spec.images)):
        return grid
    return data.FactorTable(grid.names, grid.classes(np.array(index)))


def _spec(name: str, summary: str, archive: str, factors: str, images: int) -> DatasetSpec:
    return DatasetSpec(
        name=name,
        summary=summary,
        target="disentangle_eval.data.sets.nvidia3d:load",
        kind="factors",
        config="disentangle_eval.data.pictures.config:PublishedPictureConfig",
        files=(
            DataFile(
                path=f"{name}/{archive}.zip",
                also=(f"{archive}.zip",),
                instead=(DataFile(path=f"{name}/{archive}", also=(archive,)),),
            ),
        ),
        images=images,
        factors=factors,
        licence="CC BY 4.0",
        homepage="https://github.com/NVlabs/High-res-disentanglement-datasets",
    )


DATASETS = (
    _spec(
        "falcor3d",
        "233,280 renderings of a living room, colour, at 64x64 or up to 128x128: lighting and camera",
        "Falcor3D_down128",
        "lighting_intensity 5, lighting_x-dir 6, lighting_y-dir 6, lighting_z-dir 6, camera_x-pos 6, camera_y-pos 6, "
        "camera_z-pos 6",
        233_280,
    ),
    _spec(
        "isaac3d",
        "737,280 renderings of a kitchen with a robot arm, colour, at 64x64 or up to 128x128: nine factors",
        "Isaac3D_down128",
        # The order of the file names' digits; the makers' README names the factors of its formula in another.
        "object_shape 3, robot_x-movement 8, robot_y-movement 5, camera_height 4, object_scale 4, "
        "lighting_intensity 4, lighting_y-dir 6, object_color 4, wall_color 4",
        737_280,
    ),
)
