"""What the pages on information and on posteriors say is so."""

import math

import numpy as np
import pytest
import torch
from doc_pages import says, scored, table_of

from deval_ibgan.bounds import lower_bound_by_dimension
from disentangle_eval.nn.code_heads import Codes, Reading

GILBO_PAGE, BOUNDS_PAGE = "metrics/gilbo.md", "metrics/mi-bounds.md"
IWAE_PAGE, TC_PAGE = "metrics/iwae.md", "metrics/tc.md"
VAE_RUN, INFOGAN_RUN = "beta-vae-dsprites-seed0", "infogan-mnist-seed0"


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


def test_the_information_of_an_infogan():
    bounds, gilbo = scored(INFOGAN_RUN, "mi-bounds"), scored(INFOGAN_RUN, "gilbo")
    category, *continuous = bounds["details"]["lower_by_dimension"]
    assert {f"{bound:.2f}" for bound in continuous} == {"-0.24"}
    assert says(BOUNDS_PAGE, "the two continuous codes score -0.24 each here")
    found = gilbo["details"]
    one, other = found["by_dimension"][1:3]
    assert says(BOUNDS_PAGE, f"and {one:.2f} and {other:.2f} nats by GILBO")
    assert says(BOUNDS_PAGE, f"its categorical code scores {category:.2f} here and {found['by_part'][0]:.2f} there")
    assert says(GILBO_PAGE, f"`light` finds {gilbo['value']:.1f} nats about the input")
    _, continuous, noise = found["by_part"]
    assert says(GILBO_PAGE, f"{continuous:.1f} are in the two continuous codes and {noise:.1f} in all 62 dimensions")
    assert 0.11 < max(found["by_dimension"][3:]) < 0.12


def test_what_the_particles_add():
    found = scored(VAE_RUN, "iwae")
    bounds = [found["details"]["elbo"], found["value"]]
    assert [bound for _, bound in table_of(IWAE_PAGE, "particles")[1:]] == [f"{bound:.1f}" for bound in bounds]
    assert says(IWAE_PAGE, f"over 20 images is {found['details']['standard_error']:.1f} nats")


def test_two_estimates_of_total_correlation():
    parts, gaussian = scored(VAE_RUN, "elbo-decomposition")["details"], scored(VAE_RUN, "tc")
    error = f"{parts['total_correlation_standard_error']:.2f}"
    assert table_of(TC_PAGE, "protocol", "changed")[1:] == [
        ["large-sample", "num_samples=1000", f"{parts['total_correlation']:.2f}", error],
        ["gaussian", "", f"{gaussian['value']:.2f}", ""],
    ]


@pytest.mark.parametrize(
    ("page", "run", "sentence"),
    [
        ("elbo-decomposition", VAE_RUN, "`quick` took {} s on all of dSprites"),
        ("iwae", VAE_RUN, "5,000 particles of 20 images took {} s"),
        ("gilbo", VAE_RUN, "`light` took {} s for a"),
        ("gilbo", INFOGAN_RUN, "and {} s for an [InfoGAN"),
        ("mi-bounds", INFOGAN_RUN, "without: {} s for an [InfoGAN"),
        ("reconstruction", VAE_RUN, "{} s for 10,000 images"),
    ],
)
def test_seconds_of_runs(page, run, sentence):
    assert says(f"metrics/{page}.md", sentence.format(round(scored(run, page)["seconds"])))


def test_what_permuting_within_a_batch_takes_from_the_total_correlation():
    """E[log q/p] for two normal latents, p being q itself with probability 1 / batch_size and else the product."""
    rho = 1 / 1.0025
    true = -0.5 * math.log(1 - rho**2)
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    weights = np.outer(weights, weights) / weights.sum() ** 2
    sums, differences = np.meshgrid((1 + rho) * nodes**2, (1 - rho) * nodes**2)
    ratio = true - (rho**2 * (sums + differences) - rho * (sums - differences)) / (2 * (1 - rho**2))

    def best(batch_size):
        return (weights * (ratio - np.log(np.exp(ratio) / batch_size + 1 - 1 / batch_size))).sum()

    assert (weights * ratio).sum() == pytest.approx(true)
    scores = f"{true:.2f} nats the best score is {best(512):.2f}, and {best(8):.2f} under `batch_size=8`"
    assert says(TC_PAGE, f"with a total correlation of {scores}")
    assert says(TC_PAGE, f"`batch_size`, {math.log(512):.1f} nats")
