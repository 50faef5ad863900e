"""What the page on the reconstruction error says is so."""

import re

import torch
from doc_pages import PAGES

from disentangle_eval.metrics.images.reconstruction import bernoulli_cross_entropy

PAGE = "metrics/reconstruction.md"


def test_the_price_of_a_wrong_pixel_and_the_floor_of_binary_images():
    black, white = torch.zeros(1, 1, 1, 1), torch.ones(1, 1, 1, 1)
    (price,) = re.findall(r"costs ([\d.]+) nats", PAGES[PAGE])
    assert f"{bernoulli_cross_entropy(black, white).item():.1f}" == price
    (floor,) = re.findall(r"floor of up\s+to\s+([\d.]+) nats", PAGES[PAGE])
    binary = (torch.arange(4096) % 2).float().reshape(1, 1, 64, 64)
    assert 0 < bernoulli_cross_entropy(binary, binary).item() < float(floor)
