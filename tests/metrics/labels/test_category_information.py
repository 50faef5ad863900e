import math

import numpy as np
import pytest
import torch
from scipy.stats import entropy

from disentangle_eval.data.dataset import ImageDataset
from disentangle_eval.data.images import ByteImages
from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.latents import Categorical, Continuous
from disentangle_eval.metrics.labels.category_information import CategoryInformationMetric
from disentangle_eval.metrics.labels.config import CategoryInformationConfig
from disentangle_eval.metrics.subject import EncodedSubject


class Probabilities(torch.nn.Module):
    """q(c|x) of image i are the rows i of two tables, one per categorical dimension."""

    def __init__(self, *tables):
        super().__init__()
        self.tables = [torch.as_tensor(table, dtype=torch.float32) for table in tables]
        self.code = (Continuous(), *(Categorical(table.shape[1]) for table in self.tables))

    def encode(self, x):
        rows = (255 * x.flatten()).round().long()
        return torch.stack([x.flatten(), *(table[rows].argmax(dim=1).float() for table in self.tables)], dim=1)

    def class_probabilities(self, x):
        return tuple(table[(255 * x.flatten()).round().long()] for table in self.tables)


def score(*tables, **settings):
    pixels = torch.arange(len(tables[0]), dtype=torch.uint8).view(-1, 1, 1, 1)
    subject = EncodedSubject(Probabilities(*tables), ImageDataset("pixels", "0" * 64, ByteImages(pixels)))
    return CategoryInformationMetric(CategoryInformationConfig(**settings)).score(subject, 0)


def test_it_is_the_entropy_of_the_mean_less_the_mean_entropy_of_the_dimension_with_the_most_classes():
    table = np.random.default_rng(0).dirichlet(np.full(5, 0.3), size=200).astype(np.float32)
    values = score(np.full((200, 2), 0.5), table).values
    expected = entropy(table.mean(axis=0)) - entropy(table, axis=1).mean()
    assert values["value"] == pytest.approx(expected, rel=1e-5)
    divergence = entropy(table, table.mean(axis=0, keepdims=True).repeat(200, axis=0), axis=1)
    assert values["standard_error"] == pytest.approx(divergence.std(ddof=1) / math.sqrt(200), rel=1e-4)
    assert values["column"] == 2
    assert sum(values["frequencies"]) == pytest.approx(1)


def test_certain_and_even_classes_reach_the_ceiling_and_one_answer_for_all_scores_0():
    assert score(np.eye(4)[np.arange(80) % 4]).values["value"] == pytest.approx(math.log(4))
    assert score(np.tile([0.7, 0.1, 0.1, 0.1], (80, 1))).values["value"] == pytest.approx(0, abs=1e-6)
    assert score(np.tile([0.0, 1.0], (80, 1))).values["value"] == 0


def test_faults_are_named():
    with pytest.raises(DevalError, match=r"class_probabilities: received numbers that are not probabilities"):
        score(np.full((80, 3), 0.5))
    with pytest.raises(UsageError, match="column: received 0, expected a categorical dimension of the code: 1"):
        score(np.eye(4)[np.arange(80) % 4], column=0)
