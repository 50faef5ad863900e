"""What the pages on metrics of the posterior say is so."""

import pytest
import torch
from doc_pages import blocks, printed_by, table_of
from gaussian_models import LinearGaussian, VectorData, orthogonal

from disentangle_eval.metrics.independence.config import TotalCorrelationConfig
from disentangle_eval.metrics.independence.tc import TotalCorrelationMetric
from disentangle_eval.metrics.information.config import ELBODecompositionConfig, IWAEConfig
from disentangle_eval.metrics.information.elbo_decomposition import ELBODecompositionMetric
from disentangle_eval.metrics.information.iwae import IWAEMetric
from disentangle_eval.metrics.subject import EncodedSubject

PAGES = {
    "iwae": (IWAEMetric, IWAEConfig),
    "elbo-decomposition": (ELBODecompositionMetric, ELBODecompositionConfig),
    "tc": (TotalCorrelationMetric, TotalCorrelationConfig),
}


@pytest.mark.parametrize("name", PAGES)
def test_every_key_of_a_result_has_its_row(name):
    metric, config = PAGES[name]
    weight = orthogonal(4, [1.0, 1.0])
    subject = EncodedSubject(LinearGaussian.exact(weight, 0.5), VectorData(torch.eye(4)))
    few = {"particles": 2, "num_samples": 4, "iterations": 1, "width": 2}
    found = set()
    for values in config.protocols.values():
        cfg = config(**{**values, **{field: few[field] for field in few.keys() & config.model_fields.keys()}})
        found |= set(metric(cfg).score(subject, 0).values)
    told = {key.strip() for row in table_of(f"metrics/{name}.md", "key")[1:] for key in row[0].split(",")}
    assert told == found - {"value"}


def test_the_ring_prints_what_stands_below_it():
    assert printed_by("metrics/tc.md") == blocks("metrics/tc.md", "text")[0]
