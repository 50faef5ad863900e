"""Settings of data sets made of pictures."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import field_validator

from disentangle_eval.config import DatasetConfig, Field

Crop = Annotated[int, Field(ge=1)] | Literal["square", "none"]


class PictureConfig(DatasetConfig):
    """How a picture becomes an image of the data set."""

    size: int = Field(64, ge=4, le=1024, description="height and width of the images, pixels")
    crop: Crop = Field(
        "square",
        description="side in pixels of the central square that is cropped before resizing; 'square' is the largest "
        "one, 'none' resizes the whole picture and changes its proportions",
    )
    channels: int = Field(3, description="3 for colour, 1 for grey")
    skip_unreadable: bool = Field(
        False, description="leave out pictures that cannot be read, instead of refusing the data set"
    )

    @field_validator("channels")
    @classmethod
    def _colour_or_grey(cls, channels: int) -> int:
        if channels not in (1, 3):
            raise ValueError("expected 1 or 3")
        return channels


class PublishedPictureConfig(PictureConfig):
    """Settings of a published set of pictures, whose number is known."""

    partial: bool = Field(False, description="accept missing pictures of the published set")


class ImagesConfig(PictureConfig):
    """Settings of `images:PATH`."""

    labels: Literal["none", "folder"] = Field(
        "none", description="'folder': the class of a picture is its folder, in alphabetical order"
    )
