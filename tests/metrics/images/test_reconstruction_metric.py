import math
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from gaussian_models import LinearGaussian, VectorData, orthogonal
from torch import nn
from torch.nn import functional

from disentangle_eval.api import ImageShape
from disentangle_eval.config import build
from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.latents import continuous
from disentangle_eval.metrics.images.config import ReconstructionConfig
from disentangle_eval.metrics.images.reconstruction import ReconstructionMetric
from disentangle_eval.metrics.subject import CodeTable, EncodedSubject


@dataclass
class Pictures:
    """Colour images given as a tensor."""

    pixels: torch.Tensor
    name: str = "pictures"
    sha256: str = "0" * 64
    factors = None

    @property
    def shape(self):
        return ImageShape(*self.pixels.shape[1:])

    def __len__(self):
        return len(self.pixels)

    def images(self, index):
        return self.pixels[index]


class Painter(nn.Module):
    """Reconstructs an image by a function of it."""

    code = continuous(1)

    def __init__(self, paint):
        super().__init__()
        self.paint = paint
        self.dropout = nn.Dropout()
        self.judged_in_eval_mode = True

    def encode(self, x):
        return x.flatten(1)[:, :1]

    def reconstruct(self, x):
        self.judged_in_eval_mode &= not (self.training or self.dropout.training or torch.is_grad_enabled())
        return self.paint(x)


def pictures(n=300, binary=False):
    pixels = torch.rand((n, 3, 4, 5), generator=torch.Generator().manual_seed(0))
    return Pictures(pixels.round() if binary else pixels)


def score(data, paint, protocol="full", seed=0, **settings):
    model = Painter(paint)
    cfg = build(ReconstructionConfig, {**ReconstructionConfig.protocols[protocol], **settings})
    scores = ReconstructionMetric(cfg).score(EncodedSubject(model, data), seed)
    assert model.judged_in_eval_mode
    return scores


def test_both_errors_equal_torchs_losses_with_their_standard_errors():
    data = pictures()

    def paint(x):
        return (0.8 * x + 0.1).flip(2)

    values = score(data, paint).values
    x = data.pixels.double()
    squared = functional.mse_loss(paint(x), x, reduction="none").mean(dim=(1, 2, 3))
    entropy = functional.binary_cross_entropy(paint(x), x, reduction="none").sum(dim=(1, 2, 3))
    for name, each in (("mean_squared_error", squared), ("cross_entropy", entropy)):
        assert values[name] == pytest.approx(float(each.mean()), rel=1e-6)
        assert values[f"{name}_standard_error"] == pytest.approx(float(each.std() / 300**0.5), rel=1e-5)
    assert values["num_images"] == 300


def test_a_perfect_reconstruction_scores_0_and_its_cross_entropy_is_the_floor():
    binary, grey = (score(pictures(binary=binary), lambda x: x).values for binary in (True, False))
    assert binary["mean_squared_error"] == grey["mean_squared_error"] == 0
    assert binary["cross_entropy"] == binary["cross_entropy_floor"] == pytest.approx(0, abs=1e-4)
    assert grey["cross_entropy"] == grey["cross_entropy_floor"] > 1


def test_the_mean_image_scores_chance():
    data = pictures()
    mean = data.pixels.mean(dim=0)
    scores = score(data, lambda x: mean.expand_as(x))
    assert scores.values["mean_squared_error"] == pytest.approx(scores.chance, rel=1e-5)
    assert scores.values["cross_entropy"] == pytest.approx(scores.values["cross_entropy_chance"], rel=1e-5)


def test_a_pixel_that_is_surely_wrong_counts_24_bits():
    data = Pictures(torch.zeros(2, 1, 2, 2))
    assert score(data, torch.ones_like).values["cross_entropy"] == pytest.approx(4 * 24 * np.log(2))


def test_a_sample_is_of_different_images_and_the_seed_decides_which():
    data = pictures()

    def seen(seed):
        batches = []

        def paint(x):
            batches.append(x)
            return x * 0.5

        return score(data, paint, "sample", seed, num_images=50), torch.cat(batches)

    (one, images), (again, _), (other, _) = seen(1), seen(1), seen(2)
    assert one == again != other
    assert len(torch.unique(images.flatten(1), dim=0)) == one.values["num_images"] == 50
    assert score(data, lambda x: x * 0.5, "sample").values["num_images"] == 300


@pytest.mark.parametrize(
    ("paint", "message"),
    [
        (lambda x: x[:, :1], r"received images of shape \(\d+, 1, 4, 5\), expected \(\d+, 3, 4, 5\)"),
        (lambda x: 2 * x - 1, r"expected numbers in \[0, 1\]"),
        (lambda x: x * torch.nan, r"received numbers from nan to nan, expected numbers in \[0, 1\]"),
    ],
)
def test_what_is_no_image_is_refused(paint, message):
    with pytest.raises(DevalError, match=message):
        score(pictures(), paint)


def test_a_table_of_codes_is_refused():
    with pytest.raises(UsageError, match="codes without images: expected a checkpoint"):
        ReconstructionMetric(ReconstructionConfig()).score(CodeTable(np.ones((5, 2))), 0)


def test_the_negative_log_likelihood_is_the_expectation_over_a_normal_posterior_in_closed_form():
    weight = orthogonal(4, [1.0, 0.5])
    model = LinearGaussian(weight, 0.5, torch.linalg.pinv(weight), torch.tensor([0.3, 0.6]))
    model.reconstruct = lambda x: 0 * x
    rows = torch.rand(3000, 2, generator=torch.Generator().manual_seed(0)) @ weight.T
    values = ReconstructionMetric(ReconstructionConfig()).score(EncodedSubject(model, VectorData(rows)), 0).values
    # Of a linear decoder: that at the mean, where the residual is 0, and the noise of z through the weights.
    spread = (weight.square() * model.spread.square()).sum() / (2 * 0.5**2)
    expected = 4 * math.log(0.5 * math.sqrt(2 * math.pi)) + float(spread)
    error = values["negative_log_likelihood_standard_error"]
    assert values["negative_log_likelihood"] == pytest.approx(expected, abs=4 * error)
    assert 0 < error < 0.1
    assert score(pictures(), lambda x: x).values["negative_log_likelihood"] is None
