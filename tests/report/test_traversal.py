"""A traversal: rows by rate, one dimension a row."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from disentangle_eval.errors import UsageError
from disentangle_eval.report.traversal import describe, sweeps, traversal_picture


def code(images: torch.Tensor) -> torch.Tensor:
    """The code a painted image shows: (n, 1, 4, 4) -> (n, 4)."""
    return (images[:, 0, :, 0] - 0.5) / 0.1


def test_rows_are_sorted_by_rate_highest_first(painter: Any, cpu: torch.device) -> None:
    rows = sweeps(painter, 5, seed=0, device=cpu)
    assert [(row.dimension, row.rate) for row in rows] == [(1, 2.0), (3, 1.5), (0, 0.25), (2, 0.0)]
    assert [describe(row)[:2] for row in rows[:2]] == [("dimension 1", "2.00 nats"), ("dimension 3", "1.50 nats")]


def test_a_row_names_the_values_it_goes_over(painter: Any, cpu: torch.device) -> None:
    by_dimension = {row.dimension: row for row in sweeps(painter, 5, seed=0, device=cpu)}
    assert describe(by_dimension[3])[2] == "3 classes"
    first, last = describe(by_dimension[0])[2].replace("\N{MINUS SIGN}", "-").split(" to ")
    shown = code(by_dimension[0].images)[:, 0]
    assert (float(first), float(last)) == pytest.approx((shown[0].item(), shown[-1].item()), rel=5e-3)


def test_a_row_varies_its_own_dimension_by_spreads_about_the_origin_all_rows_share(
    painter: Any, cpu: torch.device
) -> None:
    rows = sweeps(painter, 5, seed=0, device=cpu, reach=3.0)
    origin = code(rows[0].images)[2]
    for row in rows:
        others = [dimension for dimension in range(4) if dimension != row.dimension]
        torch.testing.assert_close(code(row.images)[:, others], origin[others].expand(len(row.images), -1))
    by_dimension = {row.dimension: row for row in rows}
    values = code(by_dimension[0].images)[:, 0]
    torch.testing.assert_close(values - origin[0], 0.5 * torch.linspace(-3, 3, 5), atol=1e-5, rtol=0)
    torch.testing.assert_close(values, torch.tensor(by_dimension[0].positions), atol=1e-5, rtol=0)
    torch.testing.assert_close(code(by_dimension[3].images)[:, 3], torch.tensor([0.0, 1.0, 2.0]), atol=1e-5, rtol=0)


def test_absolute_values_are_the_same_wherever_a_row_starts(painter: Any, cpu: torch.device) -> None:
    for seed in (0, 1):
        by_dimension = {row.dimension: row for row in sweeps(painter, 5, seed, cpu, absolute=(-1.0, 1.0))}
        torch.testing.assert_close(code(by_dimension[0].images)[:, 0], torch.linspace(-1, 1, 5), atol=1e-5, rtol=0)
        assert by_dimension[1].positions == (-1.0, -0.5, 0.0, 0.5, 1.0)
        assert by_dimension[3].positions == (0.0, 1.0, 2.0)


def test_a_start_from_the_prior_takes_no_image_and_the_prior_of_the_code(painter: Any, cpu: torch.device) -> None:
    plain = painter.traversal
    encode, prior = (lambda x: torch.full((1, 4), 2.0)), (lambda draw, n: torch.full((n, 4), -2.0))
    painter.traversal = lambda draw: replace(plain(draw), encode=encode, prior=prior)
    image = lambda: torch.zeros(1, 1, 4, 4)  # noqa: E731
    for from_prior, value in ((False, 2.0), (True, -2.0)):
        rows = sweeps(painter, 3, 0, cpu, image=image, from_prior=from_prior)
        assert {round(code(row.images)[1, 2].item(), 4) for row in rows if row.dimension == 0} == {value}


def test_the_seed_chooses_the_origin_and_nothing_global_is_drawn(painter: Any, cpu: torch.device) -> None:
    before = torch.get_rng_state()
    first, again, other = (sweeps(painter, 3, seed=seed, device=cpu)[0].images for seed in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_the_picture_is_as_high_as_its_rows_and_as_wide_as_its_longest(painter: Any, cpu: torch.device) -> None:
    rows = sweeps(painter, 7, seed=0, device=cpu)
    picture = traversal_picture(rows)
    tile = 4 * 32 + 2
    labels = picture.shape[1] - (7 * tile + 2)
    assert picture.shape[0] == 4 * tile + 2
    assert 0 < labels < 3 * tile
    for row in range(4):  # every row has words at its left
        band = picture[row * tile : (row + 1) * tile, :labels]
        assert (band < 128).any()
    np.testing.assert_array_equal(picture, traversal_picture(rows))


def test_a_given_image_is_read_by_any_encoder_of_the_same_code(painter: Any, cpu: torch.device) -> None:
    with pytest.raises(UsageError, match="encodes images"):
        sweeps(painter, 3, seed=0, device=cpu, given=torch.zeros(1, 1, 4, 4))
    painter.code = painter.traversal(None).code
    painter.encode = lambda x: code(x)
    painter.eval()
    expected = torch.tensor([0.5, 1.0, -1.0, 2.0])
    row = sweeps(painter, 3, seed=0, device=cpu, given=painter.generate(expected[None]))[0]
    torch.testing.assert_close(code(row.images)[1], expected, atol=1e-5, rtol=0)


def test_one_column_is_no_sweep(painter: Any, cpu: torch.device) -> None:
    with pytest.raises(ValueError, match="at least 2"):
        sweeps(painter, 1, seed=0, device=cpu)
