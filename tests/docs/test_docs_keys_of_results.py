"""The keys of a result that pages of metrics of factors explain are those there are; the chance of mcc is as said."""

import numpy as np
import pytest
from doc_pages import says, table_of

from disentangle_eval.config import build
from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.metrics.factors import METRICS
from disentangle_eval.metrics.subject import CodeTable
from disentangle_eval.registry.lookup import load_registry

NAMES = [spec.name for spec in METRICS] + ["unsupervised"]
FEW = {
    "num_train": 200,
    "num_test": 100,
    "train_votes": 50,
    "train_points": 100,
    "eval_points": 50,
    "train_sizes": (10, 20),
    "stages": 2,
    "trees": 2,
    "depths": (1, 2),
}


@pytest.mark.parametrize("name", NAMES)
def test_every_key_of_a_result_has_its_row(name):
    registry = load_registry()
    metric = registry.find_metric(name)
    config = registry.resolve(metric, "config")
    few = {setting: value for setting, value in FEW.items() if setting in config.model_fields}
    cfg = build(config, {**next(iter(config.protocols.values())), **few})
    space = FactorSpace(("a", "b"), (3, 4))
    scores = registry.resolve(metric)(cfg).score(CodeTable(space.classes(np.arange(12)), space), seed=0)
    explained = {part.strip() for row in table_of(f"metrics/{name}.md", "key")[1:] for part in row[0].split(",")}
    assert explained | {"value", metric.spec.headline} == set(scores.values) | {"value"}


def test_chance_of_mcc_by_the_number_of_images():
    registry = load_registry()
    metric = registry.resolve(registry.find_metric("mcc"))
    config = registry.resolve(registry.find_metric("mcc"), "config")
    space = FactorSpace(("shape", "scale", "orientation", "x", "y"), (3, 6, 40, 32, 32))
    noise = CodeTable(np.random.default_rng(0).normal(size=(len(space), 10)), space)
    many, few = (metric(build(config, {"num_train": images})).score(noise, seed=0).chance for images in (10_000, 100))
    assert says("metrics/mcc.md", f"{many:.2f} with ten dimensions and 10,000 images, {few:.1f} with 100")
