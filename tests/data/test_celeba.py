"""CelebA from a tree or an archive of its own form: six small photographs that count as the published set."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from disentangle_eval.config import build
from disentangle_eval.data.dataset import ImageDataset
from disentangle_eval.data.sets import celeba
from disentangle_eval.data.sets.celeba.config import CelebA32Config, CelebAConfig
from disentangle_eval.errors import DevalError, UsageError

COUNT = 6
CELEBA, CELEBA32, CELEBA32_TEST = celeba.DATASETS
SMALL = {"files": CELEBA.files}


def load(folder: Path | None, cfg: CelebAConfig) -> ImageDataset:
    return celeba.load(replace(CELEBA, images=COUNT, **SMALL), folder, cfg)


def load32(folder: Path, cfg: CelebA32Config) -> ImageDataset:
    return celeba.load(replace(CELEBA32, images=COUNT, **SMALL), folder, cfg)


@pytest.fixture(autouse=True)
def _cache(monkeypatch, tmp_path):
    monkeypatch.setenv("DEVAL_CACHE", str(tmp_path / "cache"))


def photograph(number: int) -> bytes:
    """178 x 218 as published: grey of its number, with a white frame that a crop of 148 leaves out."""
    pixels = np.full((218, 178, 3), 255, dtype=np.uint8)
    pixels[35:183, 15:163] = 10 * number
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=100, subsampling=0)
    return file.getvalue()


FILES = {f"img_align_celeba/{i + 1:06}.jpg": photograph(i) for i in range(COUNT)}


def tree(folder: Path) -> Path:
    (folder / "img_align_celeba").mkdir(parents=True)
    for name, contents in FILES.items():
        (folder / name).write_bytes(contents)
    return folder / "img_align_celeba"


def archive(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The zip, which counts as the published one."""
    folder.mkdir(parents=True)
    path = folder / "img_align_celeba.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("img_align_celeba/", "")
        for name, contents in FILES.items():
            file.writestr(name, contents)
    checksum = f"md5:{hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()}"
    file = replace(CELEBA.files[0], checksum=checksum, size=path.stat().st_size)
    monkeypatch.setitem(SMALL, "files", (file,))
    return path


def test_the_record_counts_what_was_published():
    assert (CELEBA.name, CELEBA32.name) == ("celeba", "celeba32")
    assert CELEBA.images == CELEBA32.images == 202_599
    assert CELEBA.files[0].checksum == "md5:00d2c5bc6d35e252742224ab0c1e8fcb"
    assert CELEBA.files[0].urls == ()


@pytest.mark.parametrize("place", ["CelebA", "celeba", ""])
def test_the_tree_by_number_cropped_to_148_pixels(tmp_path, place):
    tree(tmp_path / place)
    data = load(tmp_path, CelebAConfig())
    assert (data.name, data.shape, len(data), data.factors, data.labels) == ("celeba", (3, 64, 64), 6, None, None)
    images = data.images(torch.arange(6)) * 255
    for number, image in enumerate(images):
        assert abs(float(image[:, 2:-2, 2:-2].mean()) - 10 * number) < 1
        assert float(image.max()) < 120  # nothing of the frame


def test_the_archive_holds_the_same(tmp_path, monkeypatch):
    tree(tmp_path / "a" / "CelebA")
    archive(tmp_path / "b" / "CelebA", monkeypatch)
    assert load(tmp_path / "a", CelebAConfig()).sha256 == load(tmp_path / "b", CelebAConfig()).sha256


def test_celeba32_and_the_other_crops(tmp_path):
    tree(tmp_path / "CelebA")
    assert load32(tmp_path, CelebA32Config()).shape == (3, 32, 32)
    whole = load(tmp_path, build(CelebAConfig, {"crop": "none"})).images(torch.tensor([0]))[0]
    square = load(tmp_path, build(CelebAConfig, {"crop": "square"})).images(torch.tensor([0]))[0]
    inner = load(tmp_path, build(CelebAConfig, {"crop": "128"})).images(torch.tensor([0]))[0]
    assert (whole[0] > 0.5).any(1).nonzero().flatten().tolist() == list(range(64))
    assert (whole[0, 32] > 0.5).sum() == 2 * 5  # 15 of 178 columns on either side, of 64
    assert (whole[0, :, 32] > 0.5).sum() == 2 * 10  # 35 of 218 rows
    assert (square[0, :, 32] > 0.5).sum() == 2 * 5
    assert inner.max() < 0.1


def test_test_images_are_the_last_of_the_partition(tmp_path, monkeypatch):
    monkeypatch.setattr(celeba, "_IMAGES", COUNT)
    monkeypatch.setattr(celeba, "FIRST_TEST", 5)
    tree(tmp_path / "CelebA")
    data = celeba.load_test(CELEBA32_TEST, tmp_path, CelebA32Config())
    assert (data.name, data.shape, len(data)) == ("celeba32-test", (3, 32, 32), 2)
    last = load32(tmp_path, CelebA32Config()).images(torch.tensor([4, 5]))
    assert torch.equal(data.images(torch.arange(2)), last)
    assert CELEBA32_TEST.images == 19_962


def test_an_incomplete_tree_is_refused_unless_it_is_wanted(tmp_path):
    photographs = tree(tmp_path / "CelebA")
    (photographs / "000003.jpg").unlink()
    with pytest.raises(DevalError, match=r"'celeba': received 5 pictures in .*, expected 6; .*celeba\?partial=true"):
        load(tmp_path, CelebAConfig())
    assert len(load(tmp_path, CelebAConfig(partial=True))) == 5
    with pytest.raises(DevalError, match="received 5 pictures"):
        load(tmp_path, CelebAConfig())
    with pytest.raises(DevalError, match="received 5 pictures"):
        load32(tmp_path, CelebA32Config())


def test_one_damaged_photograph_is_named(tmp_path):
    photographs = tree(tmp_path / "CelebA")
    (photographs / "000003.jpg").write_bytes(photograph(2)[:-2000])
    with pytest.raises(DevalError, match=r"1 of 6 pictures cannot be used: 000003\.jpg \(.*truncated"):
        load(tmp_path, CelebAConfig())


def test_another_archive_is_refused(tmp_path, monkeypatch):
    path = archive(tmp_path / "CelebA", monkeypatch)
    contents = path.read_bytes()
    path.write_bytes(contents[:-1])
    with pytest.raises(DevalError, match=f"received {len(contents) - 1} bytes, expected {len(contents)}"):
        load(tmp_path, CelebAConfig())
    path.write_bytes(contents[:-1] + b"x")
    with pytest.raises(DevalError, match=r"received md5:.*, expected md5:"):
        load(tmp_path, CelebAConfig())
    assert not (tmp_path / "cache").exists()


def test_nothing_there(tmp_path):
    for folder in (None, tmp_path):
        with pytest.raises(UsageError, match=r"no data folder|has no CelebA/img_align_celeba\.zip"):
            load(folder, CelebAConfig())
