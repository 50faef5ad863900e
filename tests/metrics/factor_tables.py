"""Tables of codes whose scores are known, and slow evaluations that metrics are compared with."""

import math
from collections import Counter

import numpy as np

from disentangle_eval.config import build
from disentangle_eval.data.factor_table import FactorTable
from disentangle_eval.metrics.subject import CodeTable
from disentangle_eval.registry.lookup import load_registry


def mixed_table() -> CodeTable:
    """600 labelled images of three factors, each mixed into three dimensions with noise, and two of noise alone."""
    random = np.random.default_rng(0)
    factors = np.stack([random.integers(size, size=600) for size in (2, 4, 6)], axis=1)
    mixed = factors @ np.array([[2.0, 0.3, 0.0], [0.2, 1.0, 0.4], [0.0, -0.3, 0.7]])
    codes = np.hstack([mixed + 0.4 * random.normal(size=(600, 3)), 0.5 * random.normal(size=(600, 2))])
    return labelled(codes, factors)


def labelled(codes, factors, values=None, code=None) -> CodeTable:
    names = tuple("abcdefgh"[: factors.shape[1]])
    return CodeTable(codes, FactorTable(names, factors.astype(np.int64), values), code)


def all_of(table):
    """The codes and the factor classes of every image."""
    every = np.arange(len(table))
    return table.codes(every), table.factors.classes(every)


def score(name, table, protocol=None, seed=0, **settings):
    """The scores of a metric under a protocol, its first unless given."""
    registry = load_registry()
    metric = registry.find_metric(name)
    config = registry.resolve(metric, "config")
    values = config.protocols[protocol or next(iter(config.protocols))]
    return registry.resolve(metric)(build(config, {**values, **settings})).score(table, seed)


def entropy_of(*columns) -> float:
    """The entropy of classes, or of tuples of them, in nats, by counting."""
    n = len(columns[0])
    return -sum(count / n * math.log(count / n) for count in Counter(zip(*columns, strict=True)).values())


def binned(column, bins):
    """Real numbers as bins of equal width over their range, number by number."""
    low, high = min(column), max(column)
    return [min(bins - 1, int((x - low) / (high - low) * bins)) for x in column]


def information_of(codes, factors, bins):
    """Mutual information (K, F) of bins of codes and classes, in nats."""
    columns = [binned(column, bins) for column in codes.T]
    return np.array([[entropy_of(a) + entropy_of(b) - entropy_of(a, b) for b in factors.T.tolist()] for a in columns])
