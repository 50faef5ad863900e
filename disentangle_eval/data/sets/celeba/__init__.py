"""CelebA: 202,599 aligned photographs of faces (Liu, Luo, Wang & Tang, 2015).

Read from the archive or the folder of pictures, which the user brings.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from disentangle_eval import DataFile, DatasetSpec, data
from disentangle_eval.errors import UsageError

if TYPE_CHECKING:
    from disentangle_eval.data.sets.celeba.config import CelebAConfig


def load(spec: DatasetSpec, folder: Path | None, cfg: CelebAConfig) -> data.ImageDataset:
    """The faces in the order of their numbers, (3, 64, 64) unless the settings say otherwise; no factors, no labels.

    They are cropped to 148 x 148 pixels and resized. `folder` holds `CelebA/img_align_celeba.zip` or the pictures in
    `CelebA/img_align_celeba/`, all of them. UsageError where it does not; DevalError where pictures are missing or
    damaged or the archive is not the published one.
    """
    pictures = data.PublishedPictures(spec, folder, partial=cfg.partial)
    prepared = data.prepare_pictures(spec.name, pictures, cfg)
    return data.ImageDataset(spec.name, prepared.sha256, data.ByteImages.of(prepared.pixels))


def load_test(spec: DatasetSpec, folder: Path | None, cfg: CelebAConfig) -> data.ImageDataset:
    """The last part of the makers' partition, the pictures from `FIRST_TEST` on; else as `load`.

    All pictures are prepared, once for `celeba32` and this data set.
    """
    whole = replace(spec, name="celeba32", images=_IMAGES)
    prepared = data.prepare_pictures(whole.name, data.PublishedPictures(whole, folder, partial=cfg.partial), cfg)
    first = sum(_number(name) < FIRST_TEST for name in prepared.names)
    pixels = prepared.pixels[first:]
    return data.ImageDataset(spec.name, hashlib.sha256(pixels.tobytes()).hexdigest(), data.ByteImages.of(pixels))


def _number(name: str) -> int:
    """The number of a picture; `UsageError` for a file that is called otherwise, such as one among those of a part."""
    stem = Path(name).stem
    if not stem.isdecimal():
        expected = "pictures called by their numbers, such as 000001.jpg"
        raise UsageError("celeba32-test", received=repr(name), expected=expected, advice="move it elsewhere")
    return int(stem)


_FILES = (
    DataFile(
        path="CelebA/img_align_celeba.zip",
        also=("celeba/img_align_celeba.zip", "img_align_celeba.zip"),
        checksum="md5:00d2c5bc6d35e252742224ab0c1e8fcb",
        size=1_443_490_838,
        instead=(DataFile(path="CelebA/img_align_celeba", also=("celeba/img_align_celeba", "img_align_celeba")),),
    ),
)
_IMAGES = 202_599
FIRST_TEST = 182_638
_LICENCE = "non-commercial research only"
_HOMEPAGE = "http://mmlab.ie.cuhk.edu.hk/projects/CelebA.html"

DATASETS = (
    DatasetSpec(
        name="celeba",
        summary="202,599 colour photographs of faces, cropped to 148 pixels and resized to 64x64",
        target="disentangle_eval.data.sets.celeba:load",
        config="disentangle_eval.data.sets.celeba.config:CelebAConfig",
        files=_FILES,
        images=_IMAGES,
        licence=_LICENCE,
        homepage=_HOMEPAGE,
    ),
    DatasetSpec(
        name="celeba32",
        summary="celeba at 32x32, for the networks of InfoGAN and Bidirectional InfoGAN",
        target="disentangle_eval.data.sets.celeba:load",
        config="disentangle_eval.data.sets.celeba.config:CelebA32Config",
        files=_FILES,
        images=_IMAGES,
        licence=_LICENCE,
        homepage=_HOMEPAGE,
    ),
    DatasetSpec(
        name="celeba32-test",
        summary="the last 19,962 images of celeba32, which its makers leave for testing",
        target="disentangle_eval.data.sets.celeba:load_test",
        config="disentangle_eval.data.sets.celeba.config:CelebA32Config",
        files=_FILES,
        images=_IMAGES - FIRST_TEST + 1,
        licence=_LICENCE,
        homepage=_HOMEPAGE,
    ),
)
