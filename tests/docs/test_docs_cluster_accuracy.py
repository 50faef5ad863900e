"""What the page on the cluster accuracy says is so."""

import numpy as np
import pytest
from doc_pages import PAGES, evidence, says, table_of

from disentangle_eval.metrics.labels.cluster_accuracy import chance_levels, confusion_matrix

PAGE = "metrics/cluster-accuracy.md"
MNIST_TEST = np.repeat(np.arange(10), [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009])


def test_chance_levels():
    for clusters, *levels in table_of(PAGE, "clusters")[1:]:
        filled = np.arange(len(MNIST_TEST)) % int(clusters)
        found = chance_levels(confusion_matrix(MNIST_TEST, filled, int(clusters), np.arange(10)), seed=0)
        assert [float(level) for level in levels] == pytest.approx(list(found.values()), abs=0.0012)


def test_clusters_of_pixels_and_of_one_cluster():
    lines = {line["command"].partition(" --threads")[0]: line for line in evidence("scores.jsonl")}
    (command,) = [line.strip() for line in PAGES[PAGE].splitlines() if "torch.nn:Flatten" in line]
    assert says(PAGE, f"images it is {lines[command]['value']:.3f}")
    share = np.bincount(MNIST_TEST).max() / len(MNIST_TEST)
    assert says(PAGE, f"single cluster it is {share:.4f}")
