"""CelebA: 202,599 aligned photographs of faces (Liu, Luo, Wang & Tang, 2015).

Read from the archive or the folder of pictures, which the user brings.
"""

from __future__ import annotations

from pathlib import Path

import torch

from disentangle_eval.data.dataset import ImageDataset
from disentangle_eval.data.images import ByteImages
from disentangle_eval.data.pictures.loading import prepare_pictures
from disentangle_eval.data.pictures.publication import PublishedPictures
from disentangle_eval.data.sets.celeba_config import CelebA32Config, CelebAConfig
from disentangle_eval.data.sets.records import CELEBA_FILE, CELEBA_IMAGES


def load(folder: Path | None, cfg: CelebAConfig, count: int = CELEBA_IMAGES) -> ImageDataset:
    """The faces in the order of their numbers, (3, 64, 64) unless the settings say otherwise; no factors, no labels.

    They are cropped to 148 x 148 pixels and resized. `folder` holds `CelebA/img_align_celeba.zip` or the pictures in
    `CelebA/img_align_celeba/`, `count` of them. UsageError where it does not; DevalError where pictures are missing or
    damaged or the archive is not the published one.
    """
    return _dataset("celeba", folder, cfg, count)


def load32(folder: Path | None, cfg: CelebA32Config, count: int = CELEBA_IMAGES) -> ImageDataset:
    """As `load`, (3, 32, 32), for the networks of InfoGAN and Bidirectional InfoGAN."""
    return _dataset("celeba32", folder, cfg, count)


def _dataset(name: str, folder: Path | None, cfg: CelebAConfig, count: int) -> ImageDataset:
    pictures = PublishedPictures(name, folder, CELEBA_FILE, count, partial=cfg.partial)
    prepared = prepare_pictures(name, pictures, cfg)
    return ImageDataset(name, prepared.sha256, ByteImages(torch.from_numpy(prepared.pixels)))
