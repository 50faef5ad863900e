"""What the page on modularity and explicitness says is so."""

import numpy as np
from doc_pages import says

from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.metrics.factors.config import ModularityExplicitnessConfig
from disentangle_eval.metrics.factors.modularity_explicitness import ModularityExplicitnessMetric
from disentangle_eval.metrics.subject import CodeTable


def test_explicitness_of_the_factors_under_both_solvers():
    space = FactorSpace(("shape", "scale", "orientation", "x", "y"), (3, 6, 40, 32, 32))
    factors = CodeTable(space.classes(np.arange(len(space))), space)
    now, then = (
        ModularityExplicitnessMetric(ModularityExplicitnessConfig(**values)).score(factors, seed=0)
        for values in ModularityExplicitnessConfig.protocols.values()
    )
    multinomial, one_vs_rest = (scores.values["explicitness_score_test"] for scores in (now, then))
    sentence = f"dSprites themselves is {multinomial:.3f} under `dlib` and {one_vs_rest:.3f} under `dlib-2019`."
    assert says("metrics/modularity-explicitness.md", sentence)
