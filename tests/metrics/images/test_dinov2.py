import hashlib

import pytest
import torch
from torch import nn

from disentangle_eval.errors import UsageError
from disentangle_eval.metrics.images.feature_extractor import load_extractor
from disentangle_eval.metrics.images.fidelity_import import fidelity

CPU = torch.device("cpu")
NAME = "dinov2-vit-s-14"


def small_network(*_: object) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.AvgPool2d(14), nn.Flatten(), nn.Linear(3 * 16 * 16, 5))


def test_its_features_are_those_of_torch_fidelity_s_extractor(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, "load", small_network)
    (tmp_path / "facebookresearch_dinov2_main").mkdir()
    (tmp_path / "checkpoints").mkdir()
    weights = tmp_path / "checkpoints" / "dinov2_vits14_pretrain.pth"
    weights.write_bytes(b"weights")
    extractor = load_extractor(NAME, CPU)
    images = torch.randint(256, (2, 3, 64, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    theirs = fidelity("feature_extractor_dinov2").FeatureExtractorDinoV2(NAME, ["dinov2"])(images)[0]
    torch.testing.assert_close(extractor(images), theirs)
    assert extractor.name == NAME
    assert extractor.sha256 == hashlib.sha256(b"weights").hexdigest()


def test_what_is_missing_is_named_and_nothing_is_downloaded(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, "load", lambda *_: pytest.fail("downloads"))
    weights = tmp_path / "checkpoints" / "dinov2_vits14_pretrain.pth"

    def refused():
        with pytest.raises(UsageError, match=rf"no '{weights.name}' .* fetch https://dl\.fbaipublicfiles\.com"):
            load_extractor(NAME, CPU)

    refused()
    weights.parent.mkdir()
    weights.write_bytes(b"weights")
    refused()
    weights.unlink()
    (tmp_path / "facebookresearch_dinov2_master").mkdir()
    refused()
