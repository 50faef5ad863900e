"""`deval score` with the metrics of generated images: with a feature extractor of one's own, and without any."""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path

import pytest
import torch
from torch import nn


class Extractor(nn.Module):
    """Kaiming-initialised, so that different images have different features."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(3, 4, 8, stride=8)
        draw = torch.Generator().manual_seed(0)
        nn.init.kaiming_normal_(self.convolution.weight, generator=draw)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.convolution(images.float() / 255).relu().mean(dim=(2, 3))


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A feature extractor; features of real images are kept in a folder of the test's own."""
    monkeypatch.setattr("disentangle_eval.metrics.images.image_features.cache_folder", lambda: tmp_path / "cache")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.trace(Extractor().eval(), torch.zeros(2, 3, 64, 64, dtype=torch.uint8)).save(tmp_path / "tiny.pt")
    return tmp_path / "tiny.pt"


@pytest.mark.parametrize("metric", ["fid", "kid", "prdc"])
def test_without_weights_one_line_says_what_to_fetch_and_where_to_put_it(deval, trained, tmp_path, monkeypatch, metric):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    answer = deval("score", "--metric", metric, trained)
    assert answer.code == 2
    assert "releases/download/v0.2.0/weights-inception-2015-12-05-6726825d.pth" in answer.error
    assert str(tmp_path / "hub" / "checkpoints") in answer.error
    assert "--features PATH" in answer.error


def test_a_feature_extractor_of_one_s_own_scores_a_checkpoint(deval, trained, tiny, tmp_path):
    checkpoint = shutil.copy(trained / "checkpoint.pt", tmp_path)
    answer = deval(
        *("score", "--metric", "fid", "--metric", "kid", "--metric", "prdc", checkpoint, "--threads", "1", "--json"),
        *("--features", tiny, "--set", "num_images=100", "--set", "subset_size=50", "--set", "subsets=4"),
    )
    assert answer.code == 0, answer.err
    fid, kid, prdc = (json.loads(line) for line in answer.out.splitlines())
    assert fid["value"] > 0
    assert kid["details"]["std"] > 0
    assert prdc["value"] == prdc["details"]["precision"] == 0
    assert (fid["better"], kid["better"], prdc["better"]) == ("lower", "lower", "higher")
    for result in (fid, kid, prdc):
        assert result["settings"]["features"] == str(tiny)
        assert result["details"]["extractor"] == "tiny.pt (TorchScript)"
        assert result["details"]["num_real"] == result["details"]["num_generated"] == 100


def test_a_file_that_is_no_feature_extractor_is_told(deval, trained, tmp_path):
    (tmp_path / "notes.txt").write_text("no module")
    answer = deval("score", "--metric", "fid", trained, "--features", tmp_path / "notes.txt")
    assert answer.code == 2
    assert "expected Inception weights" in answer.error
