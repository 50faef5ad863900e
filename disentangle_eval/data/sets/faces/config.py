"""Settings of the rendered faces."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator

from disentangle_eval.config import DatasetConfig, Field


class FacesConfig(DatasetConfig):
    """Settings of `faces`."""

    size: Annotated[Literal[64, 32], BeforeValidator(int)] = Field(
        64, description="height and width of the images, pixels: 64 as in the file, 32 as for InfoGAN"
    )
