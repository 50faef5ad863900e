"""Settings of MNIST and of Fashion-MNIST."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator

from disentangle_eval.config import DatasetConfig, Field


class MNISTConfig(DatasetConfig):
    """Settings of `mnist`, `fashion-mnist` and of their parts."""

    size: Annotated[Literal[28, 32], BeforeValidator(int)] = Field(
        28, description="height and width of the images, pixels: 28 as in the files, 32 with a frame of 2 black pixels"
    )
