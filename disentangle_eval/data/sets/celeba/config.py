"""Settings of CelebA."""

from __future__ import annotations

from disentangle_eval.config import Field
from disentangle_eval.data.pictures.config import Crop, PublishedPictureConfig


class CelebAConfig(PublishedPictureConfig):
    """Settings of `celeba`."""

    crop: Crop = Field(
        148,
        description="side in pixels of the central square that is cropped from the 178 x 218 before resizing; 'square' "
        "is 178, 'none' resizes the whole picture and changes its proportions",
    )


class CelebA32Config(CelebAConfig):
    """Settings of `celeba32`."""

    size: int = Field(32, ge=4, le=1024, description="height and width of the images, pixels")
