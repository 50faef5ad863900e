"""What a data set is made of, for built-in sets and for those of plugins alike; nothing is imported before it is used.

A loader builds an `ImageDataset` (or a `NuisanceDataset`) from `ByteImages` or `BitImages` and, where it has factors, a
`FactorSpace`, or a `FactorTable` where not every combination of them is there. The other names find published files,
read them in known formats and keep what was made of them in the cache folder. Write
`from disentangle_eval import data` and `data.ImageDataset` in a module that must not import torch.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from disentangle_eval.data.dataset import ImageDataset
    from disentangle_eval.data.factor_table import FactorTable, TableGrid, table_of_values
    from disentangle_eval.data.factors import FactorSpace, is_in_grid_order
    from disentangle_eval.data.files.cache import cached_array
    from disentangle_eval.data.files.hdf5_blocks import read_hdf5_array, read_hdf5_blocks
    from disentangle_eval.data.files.idx import read_idx
    from disentangle_eval.data.files.locations import cache_folder
    from disentangle_eval.data.files.matlab import read_variable
    from disentangle_eval.data.files.npz_blocks import read_blocks
    from disentangle_eval.data.files.prepared import byte_images, images_at_once
    from disentangle_eval.data.files.published import check, damaged, find_any, identity, reading, require, require_any
    from disentangle_eval.data.image_store import ImageStore
    from disentangle_eval.data.images import BitImages, ByteImages
    from disentangle_eval.data.index_hash import hashed_bits, hashed_integers, hashed_uniform
    from disentangle_eval.data.indexing import TorchDataset, indexed
    from disentangle_eval.data.nuisance import ColouredStore, NuisanceDataset, named_after
    from disentangle_eval.data.pictures.loading import prepare_pictures
    from disentangle_eval.data.pictures.publication import PublishedPictures
    from disentangle_eval.runtime.progress import counted

_MODULES = {
    "BitImages": "images",
    "ByteImages": "images",
    "ColouredStore": "nuisance",
    "FactorSpace": "factors",
    "FactorTable": "factor_table",
    "ImageDataset": "dataset",
    "ImageStore": "image_store",
    "NuisanceDataset": "nuisance",
    "PublishedPictures": "pictures.publication",
    "TableGrid": "factor_table",
    "TorchDataset": "indexing",
    "byte_images": "files.prepared",
    "cache_folder": "files.locations",
    "cached_array": "files.cache",
    "check": "files.published",
    "counted": ".runtime.progress",
    "damaged": "files.published",
    "find_any": "files.published",
    "hashed_bits": "index_hash",
    "hashed_integers": "index_hash",
    "hashed_uniform": "index_hash",
    "identity": "files.published",
    "images_at_once": "files.prepared",
    "indexed": "indexing",
    "is_in_grid_order": "factors",
    "named_after": "nuisance",
    "prepare_pictures": "pictures.loading",
    "read_blocks": "files.npz_blocks",
    "read_hdf5_array": "files.hdf5_blocks",
    "read_hdf5_blocks": "files.hdf5_blocks",
    "read_idx": "files.idx",
    "read_variable": "files.matlab",
    "reading": "files.published",
    "require": "files.published",
    "require_any": "files.published",
    "table_of_values": "factor_table",
}

__all__ = [
    "BitImages",
    "ByteImages",
    "ColouredStore",
    "FactorSpace",
    "FactorTable",
    "ImageDataset",
    "ImageStore",
    "NuisanceDataset",
    "PublishedPictures",
    "TableGrid",
    "TorchDataset",
    "byte_images",
    "cache_folder",
    "cached_array",
    "check",
    "counted",
    "damaged",
    "find_any",
    "hashed_bits",
    "hashed_integers",
    "hashed_uniform",
    "identity",
    "images_at_once",
    "indexed",
    "is_in_grid_order",
    "named_after",
    "prepare_pictures",
    "read_blocks",
    "read_hdf5_array",
    "read_hdf5_blocks",
    "read_idx",
    "read_variable",
    "reading",
    "require",
    "require_any",
    "table_of_values",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(importlib.import_module(f".{_MODULES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
