"""As many images are encoded as pages on votes and pairs say."""

import numpy as np
import pytest
from doc_pages import says

from disentangle_eval.config import build
from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.metrics.subject import CodeTable
from disentangle_eval.registry.lookup import load_registry

DSPRITES = FactorSpace(("shape", "scale", "orientation", "x", "y"), (3, 6, 40, 32, 32))


class Counting(CodeTable):
    """Two dimensions over dSprites that mark which images they were asked for."""

    def __init__(self):
        codes = np.random.default_rng(0).normal(size=(len(DSPRITES), 2)).astype(np.float32)
        super().__init__(codes, DSPRITES, log_variance=np.full(codes.shape, -4.0))
        self.asked = np.zeros(len(codes), dtype=bool)

    def codes(self, index):
        self.asked[index] = True
        return super().codes(index)


@pytest.mark.parametrize(
    ("metric", "protocol", "sentence"),
    [
        ("factorvae", "dlib", "that is {:,} of the 737,280 images for `dlib`"),
        ("factorvae", "kim-mnih", "{:,} for `kim-mnih`"),
        ("factorvae", "ib-gan", "{:,} for `ib-gan`"),
        ("higgins", "dlib", "`dlib` uses {:,} of the 737,280 images"),
    ],
)
def test_images_of_a_score(metric, protocol, sentence):
    registry, table = load_registry(), Counting()
    record = registry.find_metric(metric)
    config = registry.resolve(record, "config")
    registry.resolve(record)(build(config, config.protocols[protocol])).score(table, seed=0)
    assert says(f"metrics/{metric}.md", sentence.format(int(table.asked.sum())))
