"""DINOv2's networks as feature extractors, by torch-fidelity's registry, where their files are at hand.

Oquab et al. (2023), "DINOv2: Learning Robust Visual Features without Supervision"; for judging images Stein et al.
(2023), "Exposing Flaws of Generative Model Evaluation Metrics and Their Unfair Treatment of Diffusion Models".
"""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import torch
from torch import nn

from disentangle_eval.errors import UsageError
from disentangle_eval.metrics.images.feature_extractor import FeatureExtractor
from disentangle_eval.metrics.images.fidelity_import import fidelity
from disentangle_eval.runtime.files import sha256

_CODE = ("facebookresearch_dinov2_main", "facebookresearch_dinov2_master")
_WEIGHTS = "https://dl.fbaipublicfiles.com/dinov2/{0}/{0}_pretrain.pth"


def dinov2(name: str, device: torch.device) -> FeatureExtractor:
    """The network that torch-fidelity calls `name`, such as `dinov2-vit-l-14`: features of 384 to 1,536 numbers.

    Its code and weights are those in torch's folder of downloads; the checksum is of the weights. Nothing is
    downloaded: UsageError where one of the two is missing.
    """
    network = fidelity("feature_extractor_dinov2").MODEL_METADATA[name]
    folder = Path(torch.hub.get_dir())
    url = _WEIGHTS.format(network)
    weights = folder / "checkpoints" / Path(url).name
    if not weights.is_file() or not any((folder / code).is_dir() for code in _CODE):
        raise UsageError(
            f"--features {name}",
            received=f"no {weights.name!r} or no code of facebookresearch/dinov2 in {str(folder)!r}",
            expected="both",
            advice=f"fetch {url} into its folder checkpoints, and https://github.com/facebookresearch/dinov2 as "
            f"{_CODE[0]!r} next to it",
        )
    module: nn.Module = fidelity("feature_extractor_dinov2").FeatureExtractorDinoV2(name, ["dinov2"])
    module = module.to(device)
    return FeatureExtractor(
        name=name,
        sha256=sha256(weights),
        program=f"torch-fidelity {version('torch-fidelity')}",
        resize="bilinear to 224 x 224 as TensorFlow 1",
        device=device,
        compute=lambda images: module(images)[0],
    )
