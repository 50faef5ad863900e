"""Settings of the Fréchet inception distance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from disentangle_eval.config import Values
from disentangle_eval.metrics.feature_config import FeatureConfig


class FIDConfig(FeatureConfig):
    """Settings of the Fréchet inception distance.

    The protocol `fid-50k` is the usual one: Inception-v3 as in torch-fidelity, 50,000 generated images and 50,000 real
    ones (Heusel et al., 2017; IB-GAN's study has these numbers too).
    """

    protocols: ClassVar[Mapping[str, Values]] = {"fid-50k": {"samples": 50_000, "inner_noise": "drawn"}}
