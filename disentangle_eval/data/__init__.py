"""Images on a device, the grid of factors behind them, and where they come from.

A data set plugin builds an `ImageDataset` from `ByteImages` or `BitImages` and, where it has factors, a `FactorSpace`,
or a `FactorTable` where not every combination of them is there.
"""

from disentangle_eval.data.dataset import ImageDataset
from disentangle_eval.data.factor_table import FactorTable
from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.data.images import BitImages, ByteImages

__all__ = ["BitImages", "ByteImages", "FactorSpace", "FactorTable", "ImageDataset"]
