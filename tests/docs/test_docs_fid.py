"""What the pages on FID, KID, precision and recall say is so."""

import contextlib
import io

import pytest
import torch
from doc_pages import PAGES, blocks, evidence, read, says, table_of

from disentangle_eval.metrics.images.config import FIDConfig, KIDConfig, PRDCConfig
from disentangle_eval.metrics.images.feature_extractor import INCEPTION_SHA256, load_extractor
from disentangle_eval.metrics.images.fid import FIDMetric
from disentangle_eval.metrics.images.kid import KIDMetric
from disentangle_eval.metrics.images.prdc import PRDCMetric, coverage_if_equal

METRICS = {"fid": (FIDMetric, FIDConfig), "kid": (KIDMetric, KIDConfig), "prdc": (PRDCMetric, PRDCConfig)}


def test_coverage_if_equal():
    for real, generated, k, expected in table_of("metrics/prdc.md", "real")[1:]:
        assert f"{coverage_if_equal(int(read(real)), int(read(generated)), int(k)):.3f}" == expected


def test_bias():
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(blocks("metrics/fid.md", "python")[1], {})
    assert printed.getvalue() == blocks("metrics/fid.md", "text")[0]


def test_the_checksum_is_the_one_that_is_asked_for():
    assert f"`{INCEPTION_SHA256}`" in PAGES["metrics/fid.md"]


def test_cost():
    lines = evidence("benchmarks/sample_quality.jsonl")
    measured = {line["task"]: line["cpu_seconds"] for line in lines}
    found_by = {line["task"]: line["found"] for line in lines}
    assert {task: read(cell) for task, cell in table_of("metrics/fid.md", "task")[1:]} == measured
    found = [found_by[name] for name in ("root by Cholesky", "torch-fidelity's root", "scipy's sqrtm")]
    assert max(found) / min(found) - 1 < 1e-13
    image = measured["inception, 64 images"] / 64
    assert round(measured["root by Cholesky"] / image) == 11
    assert round(2 * measured["covariance of 4,000"] * 50 / 4 / image, -1) == 140
    assert round(50_000 * image / 3600) == 3
    assert says("metrics/kid.md", f"{measured['one subset of KID']:.1f} CPU seconds per subset")
    assert says("metrics/prdc.md", f"{measured['balls around 4,000 and 4,000']:.0f} CPU seconds for 4,000 images")


@pytest.fixture
def pixels(tmp_path, monkeypatch):
    """The exported extractor of the page."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DEVAL_CACHE", str(tmp_path / "cache"))
    exec(blocks("metrics/fid.md", "python")[0], {})
    return tmp_path / "pixels.pt2"


def test_the_exported_program_is_a_feature_extractor(pixels):
    images = torch.randint(256, (3, 3, 64, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    assert torch.equal(load_extractor(str(pixels), torch.device("cpu"))(images), images[:, 0, ::4, ::4].flatten(1))
