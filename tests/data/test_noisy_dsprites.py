"""Sprites on noise and on a picture, eight in place of 737,280."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from disentangle_eval.api import ImageShape, Nuisance
from disentangle_eval.data.dataset import ImageDataset
from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.data.images import BitImages
from disentangle_eval.data.nuisance import NuisanceDataset
from disentangle_eval.data.sets.noisy_dsprites import DATASETS as NOISY
from disentangle_eval.data.sets.noisy_dsprites import loading as noisy_dsprites
from disentangle_eval.data.sets.scream_dsprites import DATASETS as SCREAM
from disentangle_eval.data.sets.scream_dsprites import loading as scream_dsprites
from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.runtime.draws import GeneratorDraw
from disentangle_eval.training.step import TrainingStep

MASKS = np.random.default_rng(0).integers(0, 2, (8, 1, 4, 4)).astype(np.uint8)
WHITE = torch.from_numpy(MASKS).bool().expand(-1, 3, -1, -1)
ALL = torch.arange(8)
CPU = torch.device("cpu")


class Constant(GeneratorDraw):
    """Draws the places and the tint it is given."""

    def __init__(self, places: list[int], tint: float) -> None:
        super().__init__(0)
        self.places, self.highs, self.tint = places, [], tint

    def integers(self, high: int, *shape: int) -> torch.Tensor:
        self.highs.append(high)
        return torch.full(shape, self.places[len(self.highs) - 1])

    def uniform(self, *shape: int) -> torch.Tensor:
        return torch.full(shape, self.tint)


@pytest.fixture(autouse=True)
def sprites(monkeypatch: pytest.MonkeyPatch) -> ImageDataset:
    store = BitImages(torch.from_numpy(np.packbits(MASKS.reshape(8, -1), axis=1)), ImageShape(1, 4, 4))
    data = ImageDataset("dsprites@drawn", "0" * 64, store, FactorSpace(("shape", "x"), (2, 4)))
    monkeypatch.setattr("disentangle_eval.data.sets.dsprites.loading.load", lambda spec, folder: data)
    return data


@pytest.fixture
def picture(tmp_path: Path) -> np.ndarray:
    """A picture small enough to be taken as it is, 9 rows of 7 pixels, kept without loss under the picture's name."""
    pixels = np.random.default_rng(1).integers(0, 256, (9, 7, 3)).astype(np.uint8)
    save(pixels, tmp_path)
    return pixels


def save(pixels: np.ndarray, folder: Path) -> Path:
    path = folder / "scream" / "scream.jpg"
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(pixels).save(path, format="PNG")
    return path


@pytest.fixture(params=["noisy-dsprites", "scream-dsprites"])
def data(request: pytest.FixtureRequest, tmp_path: Path, picture: np.ndarray) -> NuisanceDataset:
    return (
        noisy_dsprites.load(NOISY[0], None)
        if request.param == "noisy-dsprites"
        else scream_dsprites.load(SCREAM[0], tmp_path)
    )


def test_both_keep_the_factors_and_one_nuisance_an_image(data, sprites):
    assert (len(data), data.factors, data.shape) == (8, sprites.factors, (3, 4, 4))
    images = data.images(ALL)
    assert images.dtype == torch.float32
    assert 0 <= images.min() <= images.max() <= 1
    assert torch.equal(data.images(torch.tensor([3, 3, 5])), images[[3, 3, 5]])


def test_training_redraws_the_nuisance_and_resumes_to_the_bit(data):
    assert isinstance(data, Nuisance)
    step = TrainingStep(data, 8, 0, CPU)
    first = step.images()
    state = step.state()
    second = step.images()
    assert not torch.equal(first.sort(dim=0).values, second.sort(dim=0).values)
    resumed = TrainingStep(data, 8, 0, CPU)
    resumed.restore(state, 1)
    assert torch.equal(resumed.images(), second)


def test_a_batch_needs_no_host_read(data):
    """Tensors of the meta device hold no values: a host read fails there."""
    meta = data.to(torch.device("meta"))
    batch = meta.images(torch.arange(4, device="meta"))
    assert (batch.device.type, batch.shape) == ("meta", (4, 3, 4, 4))


def test_noise_is_around_a_white_sprite():
    data = noisy_dsprites.load(NOISY[0], None)
    for images in (data.images(ALL), data.observe(ALL, GeneratorDraw(0))):
        assert (images[WHITE] == 1).all()
        noise = images[~WHITE]
        assert len(noise.unique()) == len(noise)
        assert noise.min() < 0.1
        assert noise.max() > 0.9
        assert noise.mean().item() == pytest.approx(0.5, abs=0.06)


def test_a_sprite_inverts_the_patch_that_is_drawn(tmp_path, picture):
    data = scream_dsprites.load(SCREAM[0], tmp_path)
    draw = Constant([4, 2], tint=0.25)
    images = data.observe(ALL, draw)
    assert draw.highs == [5, 3]  # rows and columns a corner may be in: the last of each is never reached
    ground = (torch.from_numpy(picture[4:8, 2:6]).permute(2, 0, 1) / 255 + 0.25) / 2
    torch.testing.assert_close(images, torch.where(WHITE, 1 - ground, ground))


def test_fixed_patches_are_of_the_picture_in_a_colour_of_their_own(tmp_path, picture):
    images = scream_dsprites.load(SCREAM[0], tmp_path).images(ALL)
    grounds = torch.where(WHITE, 1 - images, images)
    pixels = torch.from_numpy(picture).permute(2, 0, 1) / 255
    tints = []
    for ground in grounds:
        rests = [2 * ground - pixels[:, y : y + 4, x : x + 4] for y in range(5) for x in range(3)]
        flat = [rest.mean(dim=(1, 2)) for rest in rests if rest.flatten(1).std(dim=1).max() < 1e-5]
        tints += flat
    assert len(tints) == 8  # each image has one place in the picture from which it differs by a colour only
    assert len(torch.stack(tints).unique(dim=0)) == 8
    assert 0 <= torch.stack(tints).min() <= torch.stack(tints).max() < 1


def test_the_picture_is_made_to_fit_into_350_x_274(tmp_path):
    pixels = np.zeros((600, 400, 3), dtype=np.uint8)
    pixels[:300] = 200
    read = scream_dsprites.read_picture(save(pixels, tmp_path), ImageShape(3, 64, 64))
    assert read.shape == (274, 183, 3)
    assert (read[10] == 200).all()
    assert not read[-10].any()


def test_names_and_checksums_tell_them_and_their_pictures_apart(tmp_path, picture):
    noisy, scream = noisy_dsprites.load(NOISY[0], None), scream_dsprites.load(SCREAM[0], tmp_path)
    save(picture[::-1], tmp_path)
    other = scream_dsprites.load(SCREAM[0], tmp_path)
    assert [noisy.name, scream.name, other.name] == ["noisy-dsprites@drawn", *["scream-dsprites@drawn"] * 2]
    assert len({noisy.sha256, scream.sha256, other.sha256, "0" * 64}) == 4


def test_without_the_picture_the_message_says_what_to_put_where(tmp_path):
    for folder in (None, tmp_path):
        with pytest.raises(UsageError, match="deval data fetch scream-dsprites") as caught:
            scream_dsprites.load(SCREAM[0], folder)
        assert json.dumps(str(caught.value)).count("\\n") == 0
    assert "scream/scream.jpg" in str(caught.value)


@pytest.mark.parametrize("damage", ["text", "truncated", "small"])
def test_a_picture_that_cannot_be_used_is_refused(tmp_path, damage):
    path = save(np.random.default_rng(2).integers(0, 256, (80, 80, 3)).astype(np.uint8), tmp_path)
    if damage == "text":
        path.write_text("<html>not found</html>")
    elif damage == "truncated":
        path.write_bytes(path.read_bytes()[:4000])
    else:
        save(np.zeros((80, 4, 3), dtype=np.uint8), tmp_path)
    with pytest.raises(DevalError, match="fetch the file again"):
        scream_dsprites.load(SCREAM[0], tmp_path)
