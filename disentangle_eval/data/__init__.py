"""Images on a device, the grid of factors behind them, and where they come from.

A data set plugin builds an `ImageDataset` from `ByteImages` or `BitImages` and, where it has factors, a `FactorSpace`,
or a `FactorTable` where not every combination of them is there.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from disentangle_eval.data.dataset import ImageDataset
    from disentangle_eval.data.factor_table import FactorTable
    from disentangle_eval.data.factors import FactorSpace
    from disentangle_eval.data.images import BitImages, ByteImages

__all__ = ["BitImages", "ByteImages", "FactorSpace", "FactorTable", "ImageDataset"]

_MODULES = {
    "BitImages": "images",
    "ByteImages": "images",
    "FactorSpace": "factors",
    "FactorTable": "factor_table",
    "ImageDataset": "dataset",
}


def __getattr__(name: str) -> Any:
    # Files are looked for, fetched and checked without torch, which images need.
    if name in _MODULES:
        return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
