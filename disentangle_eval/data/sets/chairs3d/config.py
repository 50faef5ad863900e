"""Settings of 3D Chairs."""

from __future__ import annotations

from disentangle_eval.config import Field
from disentangle_eval.data.pictures.config import Crop, PublishedPictureConfig


class Chairs3DConfig(PublishedPictureConfig):
    """Settings of `chairs3d`."""

    crop: Crop = Field(
        "none",
        description="side in pixels of the central square that is cropped before resizing; 'square' is the largest "
        "one, 'none' keeps the whole picture",
    )
    channels: int = Field(1, description="1 for grey, as for IB-GAN; 3 for colour, as for FactorVAE")
