"""What the pages on GILBO and on the bounds say is so."""

import math

import pytest
import torch
from doc_pages import table_of

from deval_ibgan.bounds import lower_bound_by_dimension
from disentangle_eval.nn.code_heads import Codes, Reading

GILBO_PAGE, BOUNDS_PAGE = "metrics/gilbo.md", "metrics/mi-bounds.md"


def test_what_the_family_of_q_allows():
    share = (torch.arange(100_000, dtype=torch.float64) + 0.5) / 100_000
    normal, uniform = math.sqrt(2) * torch.erfinv(2 * share - 1)[:, None], 2 * share[:, None] - 1
    codes = Codes(categorical=0, classes=2, continuous=1, noise_dim=0)

    def of_uniform(mean):
        reading = Reading(mean.new_zeros(len(mean), 0, 2), mean, torch.zeros_like(mean))
        return codes.lower_bounds(uniform, reading).continuous.item()

    found = {
        "N(0, 1)": [lower_bound_by_dimension(normal, mean).mean().item() for mean in (0 * normal, normal)],
        "U(-1, 1)": [of_uniform(mean) for mean in (0 * uniform, uniform)],
    }
    rows = table_of(BOUNDS_PAGE, "prior")[1:]
    assert {name: [float(cell) for cell in cells] for name, *cells in rows} == {
        name: pytest.approx(levels, abs=6e-4) for name, levels in found.items()
    }
