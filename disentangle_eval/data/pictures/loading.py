"""`images:PATH`: the user's own pictures, a folder or an archive of them."""

from __future__ import annotations

from pathlib import Path

from disentangle_eval.data.dataset import ImageDataset
from disentangle_eval.data.images import ByteImages
from disentangle_eval.data.pictures.config import ImagesConfig, PictureConfig
from disentangle_eval.data.pictures.decoding import Form
from disentangle_eval.data.pictures.finding import Pictures, open_pictures
from disentangle_eval.data.pictures.names import folder_classes
from disentangle_eval.data.pictures.preparing import Prepared, prepare
from disentangle_eval.errors import UsageError
from disentangle_eval.registry.specs import DatasetSpec


def load(spec: DatasetSpec, place: Path | None, cfg: ImagesConfig) -> ImageDataset:
    """The pictures below a folder, or in a tar or zip, sorted by relative name: (channels, size, size) images.

    They are decoded once and kept in the cache folder; another set of files, or another size or time of change of one,
    has them decoded again. UsageError where the path is missing or holds no picture, or where `labels` needs
    folders that are not there; DevalError for a damaged archive and for pictures that cannot be used.
    """
    if place is None:
        raise UsageError(f"dataset {spec.name!r}", received="no path", expected=f"{spec.name}:PATH")
    prepared = prepare_pictures(spec.name, open_pictures(place), cfg)
    labels = folder_classes(prepared.names) if cfg.labels == "folder" else None
    store = ByteImages.of(prepared.pixels)
    return ImageDataset(f"{spec.name}@{place.absolute().name}", prepared.sha256, store, labels=labels)


def prepare_pictures(what: str, pictures: Pictures, cfg: PictureConfig) -> Prepared:
    """The images of a place with the settings of a data set; the rest as for `prepare`."""
    return prepare(what, pictures, Form(cfg.size, cfg.crop, cfg.channels), skip_unreadable=cfg.skip_unreadable)
