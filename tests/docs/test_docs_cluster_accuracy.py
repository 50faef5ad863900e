"""What the page on the cluster accuracy says is so."""

import numpy as np
import pytest
from doc_pages import blocks, printed_by, table_of

from disentangle_eval.metrics.code_file import load_code_table
from disentangle_eval.metrics.labels.cluster_accuracy import ClusterAccuracyMetric, chance_levels, confusion_matrix
from disentangle_eval.metrics.labels.config import ClusterAccuracyConfig

PAGE = "metrics/cluster-accuracy.md"
MNIST_TEST = np.repeat(np.arange(10), [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009])


def test_chance_levels():
    for clusters, *levels in table_of(PAGE, "clusters")[1:]:
        filled = np.arange(len(MNIST_TEST)) % int(clusters)
        found = chance_levels(confusion_matrix(MNIST_TEST, filled, int(clusters))[1], seed=0)
        assert [float(level) for level in levels] == pytest.approx(list(found.values()), abs=0.0012)


def test_the_example_prints_what_stands_below_it_and_every_key_has_its_row(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert printed_by(PAGE) == blocks(PAGE, "text")[0]
    scores = ClusterAccuracyMetric(ClusterAccuracyConfig()).score(load_code_table(tmp_path / "clusters.npz"), 0)
    explained = {name.strip() for row in table_of(PAGE, "key")[1:] for name in row[0].split(",")}
    assert explained == set(scores.values) - {"value"}
