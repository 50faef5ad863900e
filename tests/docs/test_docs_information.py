"""What the pages on GILBO and on the bounds say is so."""

import math
from types import SimpleNamespace

import pytest
import torch
from doc_pages import blocks, printed_by, table_of

from deval_ibgan.bounds import lower_bound_by_dimension
from deval_infogan.codes import Codes, Reading
from disentangle_eval.config import build
from disentangle_eval.latents import Normal, Prior
from disentangle_eval.metrics.information.config import GILBOConfig, MIBoundsConfig
from disentangle_eval.metrics.information.gilbo import GILBOMetric
from disentangle_eval.metrics.information.mi_bounds import MIBoundsMetric

GILBO_PAGE, BOUNDS_PAGE = "metrics/gilbo.md", "metrics/mi-bounds.md"


class Channel:
    prior = Prior((Normal(2),))

    def generate(self, z, draw=None):
        return z[:, :, None, None]

    def lower_bound(self, z, draw, iteration=None):
        return z

    def rate(self, z):
        return z


@pytest.mark.parametrize(
    ("page", "metric", "config", "settings"),
    [
        (GILBO_PAGE, GILBOMetric, GILBOConfig, {"max_cycles": 1, "iterations_per_cycle": 1, "num_samples": 9}),
        (BOUNDS_PAGE, MIBoundsMetric, MIBoundsConfig, {"num_samples": 9}),
    ],
)
def test_every_key_of_a_result_has_its_row(page, metric, config, settings):
    values = metric(build(config, settings)).score(SimpleNamespace(model=Channel(), iteration=1), 0).values
    explained = {name.strip() for row in table_of(page, "key")[1:] for name in row[0].split(",")}
    assert explained == set(values) - {"value"}


def test_the_example_prints_what_stands_below_it():
    assert printed_by(GILBO_PAGE) == blocks(GILBO_PAGE, "text")[0]


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
