"""Settings of data sets that users bring as arrays."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from disentangle_eval.config import DatasetConfig, Field


def _none_or_some(bins: int) -> int:
    if bins == 1:
        raise ValueError("expected 2 or more, or 0 for none")
    return bins


Bins = Annotated[int, AfterValidator(_none_or_some)]

_BINS = "classes, of equally many images, for a factor with more different values than these that are no whole numbers"


class ArrayConfig(DatasetConfig):
    """Where the arrays are, for `npz:PATH` and `h5:PATH`."""

    images: str = Field("images", min_length=1, description="name of the array of images")
    factors: str = Field("factors", description="name of the array of factor values; empty for none")
    labels: str = Field("labels", description="name of the array of classes; empty for none")
    bins: Bins = Field(0, ge=0, description=_BINS)


class HubConfig(DatasetConfig):
    """What is taken of `hf:NAME`."""

    split: str = Field(
        "train", min_length=1, description="which part, as the library writes it: train, test[:1000], ..."
    )
    subset: str = Field("", description="configuration of the data set, if it has several")
    image: str = Field("image", min_length=1, description="column of the images")
    label: str = Field("label", description="column of the classes; empty for none")
    factors: str = Field("", description="columns of the factor values, joined by commas")
    bins: Bins = Field(0, ge=0, description=_BINS)
