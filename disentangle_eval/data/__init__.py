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
    "BitImages": "data.images",
    "ByteImages": "data.images",
    "ColouredStore": "data.nuisance",
    "FactorSpace": "data.factors",
    "FactorTable": "data.factor_table",
    "ImageDataset": "data.dataset",
    "ImageStore": "data.image_store",
    "NuisanceDataset": "data.nuisance",
    "PublishedPictures": "data.pictures.publication",
    "TableGrid": "data.factor_table",
    "TorchDataset": "data.indexing",
    "byte_images": "data.files.prepared",
    "cache_folder": "data.files.locations",
    "cached_array": "data.files.cache",
    "check": "data.files.published",
    "counted": "runtime.progress",
    "damaged": "data.files.published",
    "find_any": "data.files.published",
    "hashed_bits": "data.index_hash",
    "hashed_integers": "data.index_hash",
    "hashed_uniform": "data.index_hash",
    "identity": "data.files.published",
    "images_at_once": "data.files.prepared",
    "indexed": "data.indexing",
    "is_in_grid_order": "data.factors",
    "named_after": "data.nuisance",
    "prepare_pictures": "data.pictures.loading",
    "read_blocks": "data.files.npz_blocks",
    "read_hdf5_array": "data.files.hdf5_blocks",
    "read_hdf5_blocks": "data.files.hdf5_blocks",
    "read_idx": "data.files.idx",
    "read_variable": "data.files.matlab",
    "reading": "data.files.published",
    "require": "data.files.published",
    "require_any": "data.files.published",
    "table_of_values": "data.factor_table",
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
        return getattr(importlib.import_module(f"disentangle_eval.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
