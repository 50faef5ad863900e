"""The least and the largest value that each setting of a metric may have."""

from typing import Literal, get_args, get_origin

import pytest

from disentangle_eval.config import build
from disentangle_eval.errors import UsageError
from disentangle_eval.metrics import register_metrics
from disentangle_eval.registry.lookup import Registered, load_registry

# Of whole numbers: one image has no variance, one bin no information, and one part of the images no other to test on.
LEAST = {
    0: ["column"],
    1: [
        *("train_votes", "eval_votes", "pairs_per_point", "train_points", "eval_points", "iterations", "batch_size"),
        *("stages", "depth", "trees", "neighbours", "strengths", "trainings", "width", "layers", "particles", "parts"),
        *("iterations_per_cycle", "max_cycles", "subsets", "held_back"),
    ],
    2: [
        *("num_train", "num_test", "num_images", "num_samples", "variance_samples", "samples_per_vote", "bins"),
        *("folds", "subset_size", "tc.batch_size"),
    ],
}
# Of real numbers that may not be 0, and of those that may.
ABOVE_0 = [
    *("tolerance", "penalty", "learning_rate", "accumulator", "quantile", "limit", "alpha", "variance_share"),
]
FROM_0 = ["threshold", "weight_std", "least_variance", "least_range"]
# The largest value that is accepted, and one that is not.
LARGEST = {
    "quantile": (1, 1.01),
    "variance_share": (1, 1.01),
    "least_range": (0.99, 1),
    "dci.learning_rate": (1, 1.01),
    "downstream.learning_rate": (1, 1.01),
    "dci.depth": (16, 17),
    "downstream.depth": (16, 17),
}
# Lists of numbers: the shortest and least, and what is too short or too small.
LISTS = {"train_sizes": ([2], [[], [1]]), "depths": ([1, 2], [[1], [0, 1]])}

_ENDS = {
    **{name: (least, least - 1) for least, names in LEAST.items() for name in names},
    **dict.fromkeys(ABOVE_0, (1e-9, 0.0)),
    **dict.fromkeys(FROM_0, (0.0, -1e-9)),
}


def kinds(annotation):
    """The types that a type is made of, without the choices of a Literal."""
    if get_origin(annotation) is Literal:
        return set()
    return {annotation} | {kind for part in get_args(annotation) for kind in kinds(part)}


def numbers():
    """The settings of all metrics that are numbers or lists of them."""
    registry = load_registry()
    for spec in register_metrics():
        config = registry.resolve(Registered(spec, "", ""), "config")
        for name, field in config.model_fields.items():
            if kinds(field.annotation) & {int, float}:
                yield pytest.param(config, spec.name, name, id=f"{spec.name}.{name}")


@pytest.mark.parametrize(("config", "metric", "name"), list(numbers()))
def test_a_setting_is_accepted_up_to_its_ends_and_refused_beyond(config, metric, name):
    if name in LISTS:
        accepted, refused = [LISTS[name][0]], LISTS[name][1]
    else:
        ends = [_ENDS.get(f"{metric}.{name}", _ENDS.get(name))]
        ends += [LARGEST[key] for key in (name, f"{metric}.{name}") if key in LARGEST]
        accepted, refused = zip(*ends, strict=True)
    for value in accepted:
        build(config, {name: value})
    for value in refused:
        with pytest.raises(UsageError, match=f"^{name}"):
            build(config, {name: value})
