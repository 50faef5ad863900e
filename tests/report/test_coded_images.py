"""Pictures of codes: histograms with priors, two dimensions, categories and ways between codes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from disentangle_eval.api import Draw
from disentangle_eval.errors import UsageError
from disentangle_eval.latents import Categorical, Continuous, Normal, OneHot, Prior, Uniform, continuous
from disentangle_eval.report.categories import (
    along,
    at_random,
    drawn_categories,
    extremes,
    most_probable,
    nearest,
    rows_picture,
)
from disentangle_eval.report.coded_images import priors_of
from disentangle_eval.report.embedding import embed, embedding_figure, features
from disentangle_eval.report.histograms import histograms_figure
from disentangle_eval.report.interpolation import End, linear, path, spherical, ways

CODES = np.array([[0, 0.5], [1, -1], [0, -2], [1, 3], [0, 1], [0, 0]], dtype=np.float32)
CODE = (Categorical(3), Continuous())


class Stamp(nn.Module):
    """Paints its whole latent, one entry per pixel of a (1, 1, 5) image: two noises, then three classes."""

    prior = Prior((Normal(2), OneHot(3)))

    def generate(self, z: Tensor, draw: Draw | None = None) -> Tensor:
        return z[:, None, None, :]


def test_a_histogram_is_a_density_next_to_the_prior() -> None:
    draws = np.random.default_rng(0).normal(size=(20_000, 1))
    (axes,) = histograms_figure(draws, continuous(1), [Normal(1)], "q(z_j)").axes
    heights = np.array([bar.get_height() for bar in axes.patches])
    centres = np.array([bar.get_x() + bar.get_width() / 2 for bar in axes.patches])
    density = np.exp(-np.square(centres) / 2) / math.sqrt(2 * math.pi)
    np.testing.assert_allclose(heights, density, atol=0.03)
    x, y = axes.lines[0].get_data()
    np.testing.assert_allclose(y, np.exp(-np.square(x) / 2) / math.sqrt(2 * math.pi))
    assert axes.get_ylim()[0] == 0


def test_classes_are_shares_next_to_equal_ones() -> None:
    first, second = histograms_figure(CODES, CODE, [OneHot(3), Uniform(1)], "code").axes
    assert [bar.get_height() for bar in first.patches] == pytest.approx([4 / 6, 2 / 6, 0])
    assert list(first.lines[0].get_ydata()) == pytest.approx([1 / 3, 1 / 3])
    assert second.lines[0].get_ydata().max() == 0.5


def test_priors_are_those_of_the_generators_input_where_the_code_is_its_beginning() -> None:
    class Codes:
        prior = Prior((OneHot(3), Uniform(1), Uniform(62)))

    assert priors_of(Codes(), CODE) == [OneHot(3), Uniform(1)]
    assert priors_of(Stamp(), CODE) == [None, None]


def test_points_are_coloured_by_class_and_named_up_to_ten() -> None:
    points = np.arange(24.0).reshape(12, 2)
    figure = embedding_figure(points, {"shape": np.arange(12) % 3, "x": np.arange(12)}, "run")
    shape, x, *bars = figure.axes
    assert [text.get_text() for text in shape.get_legend().get_texts()] == ["0", "1", "2"]
    np.testing.assert_array_equal(shape.collections[1].get_offsets(), points[1::3])
    assert len(x.collections) == 1
    assert len(bars) == 1


def test_a_category_counts_as_one_hot_and_clusters_stay_together() -> None:
    assert features(CODES, CODE)[1].tolist() == [0, 1, 0, -1]
    codes = np.concatenate([np.zeros((20, 3)), np.full((20, 3), 9.0)]) + np.random.default_rng(0).normal(size=(40, 3))
    points = embed(codes.astype(np.float32), continuous(3), perplexity=5, seed=0)
    distance = np.linalg.norm(points[:, None] - points[None], axis=2) + np.eye(40) * 1e9
    assert ((distance.argmin(axis=1) < 20) == (np.arange(40) < 20)).all()


def test_rows_of_a_category_are_its_own_images() -> None:
    assert [sorted(found) for found in at_random(CODES, 0, 3, 10, seed=0)] == [[0, 2, 4, 5], [1, 3], []]
    assert [found.tolist() for found in along(CODES, 0, 3, 2, dimension=1)] == [[2, 4], [1, 3], []]
    lowest, highest = extremes(CODES, 1, 2)
    assert (lowest.tolist(), highest.tolist()) == ([2, 1], [3, 4])


def test_the_most_probable_images_of_a_category_come_first() -> None:
    of_first = np.array([0.6, 0.1, 0.9, 0.2, 0.5, 0.7])
    probabilities = np.stack([of_first, 1 - of_first], axis=1)
    assert [found.tolist() for found in most_probable(CODES, 0, probabilities, 3)] == [[2, 5, 0], [1, 3]]


def test_the_nearest_images_of_a_category_come_first() -> None:
    images = torch.tensor([0.9, 0.1, 0.4, 0.5, 0.0, 0.6]).reshape(6, 1, 1, 1)
    drawn = torch.tensor([0.5, 0.45, 0.0]).reshape(3, 1, 1, 1)
    assert [found.tolist() for found in nearest(images, CODES, 0, drawn, 2)] == [[2, 5], [3, 1], []]


def test_all_categories_are_drawn_with_the_same_rest_of_the_latent() -> None:
    drawn = drawn_categories(Stamp(), 0, 4, seed=0, device=torch.device("cpu"))[:, :, 0, 0]
    assert torch.equal(drawn[0, :, :2], drawn[2, :, :2])
    assert torch.equal(drawn[:, :, 2:].argmax(dim=2), torch.arange(3)[:, None].expand(3, 4))


def test_rows_without_images_are_left_out() -> None:
    image = torch.zeros(2, 1, 8, 8)
    one, two = (rows_picture([(("a",), image)] * n + [(("b",), image[:0])]) for n in (1, 2))
    assert two.shape[0] - one.shape[0] == 8 * 16 + 2


def test_a_great_circle_keeps_the_length_and_divides_the_angle_evenly() -> None:
    start, end = torch.tensor([2.0, 0.0]), torch.tensor([0.0, 2.0])
    points = spherical(start, end, torch.linspace(0, 1, 4))
    angles = torch.tensor([0, math.pi / 6, math.pi / 3, math.pi / 2])
    torch.testing.assert_close(points, 2 * torch.stack([angles.cos(), angles.sin()], dim=1))
    torch.testing.assert_close(linear(start, end, torch.tensor([0.25])), torch.tensor([[1.5, 0.5]]))


def test_codes_without_a_circle_between_them_are_joined_straight() -> None:
    shares = torch.linspace(0, 1, 3)
    for start, end in (([0.0, 0.0], [1.0, 1.0]), ([1.0, 1.0], [2.0, 2.0])):
        a, b = torch.tensor(start), torch.tensor(end)
        torch.testing.assert_close(spherical(a, b, shares), linear(a, b, shares))


def test_a_category_changes_halfway() -> None:
    points = path(torch.tensor([2.0, 0.0]), torch.tensor([0.0, 1.0]), 3, CODE, linear)
    assert points.tolist() == [[2, 0], [0, 0.5], [0, 1]]


def test_ways_between_own_codes_and_no_way_from_images_for_a_model_that_encodes_none(painter: Any) -> None:
    ends = [End("a", code=torch.tensor([0.0, 1, 0, 0])), End("b", code=torch.tensor([1.0, 0, 0, 2]))]
    (lines, straight), (_, arc) = ways(painter, [(ends[0], ends[1])], 3, 0, torch.device("cpu"))
    assert lines == ("a to b", "linear")
    read = (straight[:, 0, :, 0] - 0.5) / 0.1
    torch.testing.assert_close(read[1], torch.tensor([0.5, 0.5, 0, 2]), atol=1e-5, rtol=0)
    assert not torch.allclose(straight[1], arc[1])
    with pytest.raises(UsageError, match="encodes images"):
        ways(painter, [(End("a", torch.zeros(1, 4, 4)), ends[0])], 3, 0, torch.device("cpu"))


def test_codes_of_images_are_decoded_where_the_generator_does_not_draw_them() -> None:
    class Shifted:
        """An image (1, 1, 2) is its code plus a half; there is nothing to draw from."""

        code = continuous(2)

        def encode(self, x: Tensor) -> Tensor:
            return x.flatten(1) - 0.5

        def decode(self, code: Tensor) -> Tensor:
            return code[:, None, None, :] + 0.5

    ends = End("a", torch.tensor([[[0.0, 1.0]]])), End("b", torch.tensor([[[1.0, 0.0]]]))
    (_, straight), _ = ways(Shifted(), [ends], 3, 0, torch.device("cpu"))
    torch.testing.assert_close(straight[:, 0, 0, 0], torch.tensor([0, 0, 0.5, 1, 1]))
