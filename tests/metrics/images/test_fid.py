import json
import logging

import numpy as np
import pytest
import torch
from image_generators import DIMS, Extractor, NoisyGenerator, byte_images, save_torchscript

from disentangle_eval.config import build
from disentangle_eval.data.dataset import ImageDataset
from disentangle_eval.data.images import ByteImages
from disentangle_eval.errors import DevalError
from disentangle_eval.metrics.images.config import FIDConfig
from disentangle_eval.metrics.images.feature_extractor import FeatureExtractor
from disentangle_eval.metrics.images.fid import FIDMetric
from disentangle_eval.metrics.images.image_features import as_bytes
from disentangle_eval.metrics.subject import EncodedSubject


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("DEVAL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "features"


@pytest.fixture(scope="module")
def extractor(tmp_path_factory):
    return save_torchscript(tmp_path_factory.mktemp("extractor") / "tiny.pt", Extractor())


@pytest.fixture
def seen(monkeypatch):
    """How many images have gone through an extractor."""
    counts = []
    plain = FeatureExtractor.__call__
    monkeypatch.setattr(
        FeatureExtractor, "__call__", lambda self, images: counts.append(len(images)) or plain(self, images)
    )
    return counts


def score(model, data, extractor, seed=0, **settings):
    return score_of(EncodedSubject(model, data), extractor, seed, **settings)


def score_of(subject, extractor, seed=0, **settings):
    cfg = build(
        FIDConfig, {**FIDConfig.protocols["fid-50k"], "features": str(extractor), "num_images": 200, **settings}
    )
    return FIDMetric(cfg).score(subject, seed)


class Replay(NoisyGenerator):
    """Generates the images of a data set."""

    def __init__(self, data):
        super().__init__()
        self.data, self.position = data, 0

    def generate(self, z, draw=None):
        self.position += len(z)
        return self.data.images(torch.arange(self.position - len(z), self.position))


def test_a_generator_of_the_data_itself_is_at_no_distance_and_others_are_farther(extractor):
    data = byte_images(200)
    same = score(Replay(data), data, extractor).values
    assert same["value"] == pytest.approx(0, abs=1e-6)
    near, far = (score(Replay(byte_images(200, seed=1, contrast=c)), data, extractor).values for c in (1.0, 0.5))
    assert 1e-3 < near["value"] < far["value"]
    assert far["value"] == pytest.approx(far["mean_term"] + far["covariance_term"])


def test_it_is_the_distance_of_the_features_of_bytes(extractor, monkeypatch):
    monkeypatch.setattr("disentangle_eval.metrics.images.image_features.CPU_BATCH", 32)
    data, other = byte_images(150, channels=3), byte_images(200, channels=3, seed=1)
    found = score(Replay(other), data, extractor).values
    module = Extractor().eval()
    with torch.no_grad():
        real, generated = (module(images.store.pixels).double().numpy() for images in (data, other))
    covariances = [np.cov(x, rowvar=False) for x in (real, generated)]
    root = np.sqrt(np.linalg.eigvals(covariances[0] @ covariances[1]).real).sum()
    mean = ((real.mean(axis=0) - generated.mean(axis=0)) ** 2).sum()
    assert found["value"] == pytest.approx(mean + np.trace(sum(covariances)) - 2 * root, rel=1e-4)
    assert (found["num_real"], found["num_generated"], found["dims"]) == (150, 200, DIMS)
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize("channels", [1, 3])
def test_every_level_comes_back_as_the_byte_it_was(channels):
    pixels = torch.arange(256, dtype=torch.uint8).repeat(channels).view(1, channels, 16, 16)
    images = ByteImages(pixels).images(torch.tensor([0]))
    assert torch.equal(as_bytes(images), pixels.expand(1, 3, 16, 16))
    between = torch.tensor([-0.4 / 255, 0.4 / 255, 0.6 / 255, 255.4 / 255]).view(1, 1, 2, 2)
    assert as_bytes(between)[0, 0].flatten().tolist() == [0, 0, 1, 255]


class Altered(NoisyGenerator):
    """Its images are changed by a function."""

    def __init__(self, change):
        super().__init__()
        self.change = change

    def generate(self, z, draw=None):
        return self.change(super().generate(z, draw))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda x: 2 * x - 1, r"received float32 numbers from -0.\d+ to 0.\d+, expected real numbers in \[0, 1\]"),
        (lambda x: (255 * x).round().to(torch.uint8), "received uint8 numbers from"),
        (lambda x: x[:, :, :6], r"received images of shape \(64, 1, 6, 8\), expected \(B, C, 8, 8\)"),
        (lambda x: x.flatten(1), r"received images of shape \(64, 64\)"),
    ],
)
def test_what_a_generator_makes_must_be_images_in_0_to_1_of_the_size_of_the_data(extractor, change, told):
    with pytest.raises(DevalError, match=f"Altered.generate: {told}"):
        score(Altered(change), byte_images(200), extractor)
    assert score(Altered(torch.Tensor.double), byte_images(200), extractor).values["value"] > 0


def test_what_a_model_made_for_images_of_one_size_is_not_compared_with_those_of_another(extractor):
    model = NoisyGenerator()
    score(model, byte_images(200), extractor)
    pixels = torch.zeros(200, 1, 6, 6, dtype=torch.uint8)
    with pytest.raises(
        DevalError, match=r"generate: received images of shape \(64, 1, 8, 8\), expected \(B, C, 6, 6\)"
    ):
        score(model, ImageDataset("smaller", "1" * 64, ByteImages(pixels)), extractor)


def test_images_that_are_neither_grey_nor_rgb_are_refused(extractor):
    with pytest.raises(DevalError, match="received 2 channels, expected 1"):
        score(NoisyGenerator(channels=2), byte_images(20, channels=2), extractor)


def test_fewer_samples_than_features_take_the_other_root(tmp_path):
    wide = save_torchscript(tmp_path / "wide.pt", Extractor(dims=64))
    values = score(NoisyGenerator(), byte_images(60), wide, num_images=50).values
    assert "singular values" in values["root"]
    assert values["value"] > 0


def test_constant_features_give_a_number(tmp_path):
    constant = Extractor()
    torch.nn.init.zeros_(constant.convolution.weight)
    path = save_torchscript(tmp_path / "constant.pt", constant)
    assert score(NoisyGenerator(), byte_images(200), path).values["value"] == 0


def test_the_real_side_is_encoded_once_for_all_models(extractor, cache, seen):
    data = byte_images(200)
    score(NoisyGenerator(), data, extractor)
    assert sum(seen) == 400
    again = score(NoisyGenerator(contrast=0.5), data, extractor)
    assert sum(seen) == 600
    score(NoisyGenerator(), byte_images(200, seed=1), extractor)
    assert sum(seen) == 1000
    for file in cache.iterdir():
        file.unlink()
    assert score(NoisyGenerator(contrast=0.5), data, extractor) == again


@pytest.mark.parametrize(
    "damage", [lambda b: b[:-8], lambda b: b[:-1] + bytes([b[-1] ^ 1]), lambda b: b"", lambda b: b[5:]]
)
def test_a_damaged_cache_is_made_again(extractor, cache, caplog, damage):
    model, data = NoisyGenerator(), byte_images(200)
    expected = score(model, data, extractor)
    for file in cache.iterdir():
        file.write_bytes(damage(file.read_bytes()))
    with caplog.at_level(logging.WARNING, "disentangle_eval"):
        assert score(model, data, extractor) == expected
    assert "damaged" in caplog.text
    caplog.clear()
    score(model, data, extractor)
    assert "damaged" not in caplog.text


def test_a_cache_that_cannot_be_written_costs_a_warning_alone(extractor, cache, caplog):
    expected = score(NoisyGenerator(), byte_images(200), extractor)
    for file in cache.iterdir():
        file.unlink()
    cache.rmdir()
    cache.write_text("a file where the folder should be")
    assert score(NoisyGenerator(), byte_images(200), extractor) == expected
    assert "not kept" in caplog.text


def test_a_model_generates_once_for_the_metrics_of_a_subject_and_again_once_it_was_trained(extractor):
    model = NoisyGenerator()
    subject = EncodedSubject(model, byte_images(200))
    first = score_of(subject, extractor)
    assert score_of(subject, extractor) == first
    assert model.made == 200
    with torch.no_grad():
        model.contrast.mul_(0.5)
    assert score_of(subject, extractor) != first
    assert model.made == 400


def test_a_model_that_changed_in_more_than_its_weights_generates_again(extractor):
    model, data = NoisyGenerator(), byte_images(200)
    noisy = score(model, data, extractor)
    model.noise = 1.0
    assert score(model, data, extractor) == score(NoisyGenerator(noise=1.0), data, extractor) != noisy


def test_inner_noise_is_drawn_unless_its_mean_is_asked_for(extractor):
    data = byte_images(200)
    drawn, mean = (score(NoisyGenerator(noise=1.0), data, extractor, inner_noise=how) for how in ("drawn", "mean"))
    silent = score(NoisyGenerator(noise=0.0), data, extractor)
    assert mean == silent
    assert drawn.values["value"] != mean.values["value"]


def test_the_seed_alone_decides_which_images_and_samples_are_compared(extractor):
    data = byte_images(400)
    values = [score(NoisyGenerator(), data, extractor, seed=seed).values for seed in (1, 1, 2)]
    assert values[0] == values[1] != values[2]
    assert values[0]["num_real"] == 200
    generator_state = torch.get_rng_state()
    score(NoisyGenerator(), data, extractor, seed=3)
    assert torch.equal(torch.get_rng_state(), generator_state)


def test_the_cache_knows_the_seed_where_it_chose_the_images_and_only_there(extractor, seen):
    score(NoisyGenerator(), byte_images(200), extractor, seed=0)
    score(NoisyGenerator(), byte_images(200), extractor, seed=1)
    assert sum(seen) == 600
    score(NoisyGenerator(), byte_images(400), extractor, seed=0)
    score(NoisyGenerator(), byte_images(400), extractor, seed=1)
    assert sum(seen) == 1400


def test_images_that_are_not_finite_are_told(extractor):
    with pytest.raises(DevalError, match=r"NoisyGenerator.generate: received NaN.*earlier checkpoint"):
        score(NoisyGenerator(contrast=float("nan")), byte_images(200), extractor)


def test_how_long_it_takes_is_tried_with_the_images_there_are(extractor):
    cfg = build(FIDConfig, {"features": str(extractor), "num_images": 1000})
    assert FIDMetric(cfg).seconds(EncodedSubject(NoisyGenerator(), byte_images(3)), 0) > 0


def test_one_image_is_no_data_to_compare_with(extractor):
    data = ImageDataset("one", "0" * 64, ByteImages(torch.zeros(1, 1, 8, 8, dtype=torch.uint8)))
    with pytest.raises(DevalError, match="received 1 images, expected at least 2"):
        score(NoisyGenerator(), data, extractor)
