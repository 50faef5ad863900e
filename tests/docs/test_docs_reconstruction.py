"""What the page on the reconstruction error says is so."""

import re
from types import SimpleNamespace

import torch
from doc_pages import PAGES, table_of

from disentangle_eval.api import ImageShape
from disentangle_eval.metrics.images.config import ReconstructionConfig
from disentangle_eval.metrics.images.reconstruction import ReconstructionMetric, bernoulli_cross_entropy

PAGE = "metrics/reconstruction.md"


class Grey:
    """Two grey images."""

    name, sha256, shape, factors = "grey", "0" * 64, ImageShape(1, 2, 2), None

    def __len__(self):
        return 2

    def images(self, index):
        return torch.full((len(index), 1, 2, 2), 0.5)


def test_every_key_has_its_row():
    subject = SimpleNamespace(data=Grey(), model=SimpleNamespace(reconstruct=lambda x: x))
    explained = {name.strip() for row in table_of(PAGE, "key")[1:] for name in row[0].split(",")}
    values = ReconstructionMetric(ReconstructionConfig()).score(subject, 0).values
    assert explained == set(values) - {"mean_squared_error"}


def test_the_price_of_a_wrong_pixel_and_the_floor_of_binary_images():
    black, white = torch.zeros(1, 1, 1, 1), torch.ones(1, 1, 1, 1)
    (price,) = re.findall(r"costs ([\d.]+) nats", PAGES[PAGE])
    assert f"{bernoulli_cross_entropy(black, white).item():.1f}" == price
    (floor,) = re.findall(r"floor of up\s+to ([\d.]+) nats", PAGES[PAGE])
    binary = (torch.arange(4096) % 2).float().reshape(1, 1, 64, 64)
    assert 0 < bernoulli_cross_entropy(binary, binary).item() < float(floor)
