"""What the page on the interventional robustness score says is so."""

import numpy as np
from doc_pages import table_of

from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.metrics.factors.config import IRSConfig
from disentangle_eval.metrics.factors.irs import IRSMetric
from disentangle_eval.metrics.subject import CodeTable

PAGE = "metrics/irs.md"
DSPRITES = FactorSpace(("shape", "scale", "orientation", "x", "y"), (3, 6, 40, 32, 32))


def test_chance_of_dlib():
    random = np.random.default_rng(0)
    noise = {"standard normal": random.standard_normal, "uniform": random.uniform}
    for name, dlib in table_of(PAGE, "noise")[1:]:
        codes = noise[name](size=(len(DSPRITES), 10)).astype(np.float32)
        assert dlib == f"{IRSMetric(IRSConfig()).score(CodeTable(codes, DSPRITES), 0).chance:.3f}"
