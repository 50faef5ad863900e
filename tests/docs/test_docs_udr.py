"""What the page on the unsupervised disentanglement ranking says is so."""

import numpy as np
from doc_pages import says

from disentangle_eval.metrics.independence.config import UDRConfig
from disentangle_eval.metrics.independence.udr import UDRMetric
from disentangle_eval.metrics.subject import CodeTable


def test_chance_of_noise():
    metric = UDRMetric(UDRConfig(**UDRConfig.protocols["spearman"]))
    chances = []
    for seed in range(10):
        own, *peers = (CodeTable(noise) for noise in np.random.default_rng(seed).normal(size=(5, 1000, 10)))
        own.peers = peers
        chances.append(metric.score(own, seed=seed).chance)
    assert says("metrics/udr.md", f"with ten dimensions of noise it is about {np.mean(chances):.3f}.")
