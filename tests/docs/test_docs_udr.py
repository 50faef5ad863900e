"""What the page on the unsupervised disentanglement ranking says is so."""

import numpy as np
from doc_pages import says

from disentangle_eval.metrics.independence.config import UDRConfig
from disentangle_eval.metrics.independence.udr import UDRMetric
from disentangle_eval.metrics.subject import CodeTable


def test_chance_of_noise():
    own, *peers = (CodeTable(noise) for noise in np.random.default_rng(0).normal(size=(5, 1000, 10)))
    own.peers = peers
    chance = UDRMetric(UDRConfig(**UDRConfig.protocols["spearman"])).score(own, seed=0).chance
    assert says("metrics/udr.md", f"with ten dimensions of noise it is about {chance:.3f}.")
