import numpy as np
import pytest
from factor_tables import all_of, entropy_of, information_of, mixed_table, score

from disentangle_eval.metrics.toolbox.information_table import information_table
from disentangle_eval.metrics.toolbox.mutual_information import mutual_information
from disentangle_eval.metrics.toolbox.samples import draw_samples


def test_its_numbers_are_those_of_counting():
    subject = mixed_table()
    (samples,) = draw_samples(subject, 0, 600)
    table = information_table(subject, samples, seed=0, bins=10)
    codes, factors = all_of(subject)
    np.testing.assert_allclose(table.information, information_of(codes, factors, 10), atol=1e-12)
    assert table.factor_entropy == pytest.approx([entropy_of(column) for column in factors.T])
    np.testing.assert_allclose(
        table.joint_entropy, table.code_entropy[:, None] + table.factor_entropy - table.information
    )


def test_the_same_images_are_counted_once_for_all_who_ask(monkeypatch):
    counted = []

    def counting(a, b):
        counted.append(b)
        return mutual_information(a, b)

    monkeypatch.setattr("disentangle_eval.metrics.toolbox.information_table.mutual_information", counting)
    subject = mixed_table()

    def asked(seed, bins):
        (samples,) = draw_samples(subject, seed, 600)
        table = information_table(subject, samples, seed, bins)
        return table.information, table.permuted

    first = asked(0, 10)
    assert len(counted) == 11
    assert asked(0, 10)[0] is first[0]
    assert len(counted) == 11
    asked(1, 10)
    asked(0, 20)
    assert len(counted) == 33


@pytest.mark.parametrize("name", ["mig-sup", "dcimig", "rmig", "jemmig", "mig-knn", "mcc", "infomec", "r2", "dci-es"])
def test_metrics_report_how_many_images_they_used(name):
    few = {"trees": 2, "depths": (1, 2)} if name == "dci-es" else {}
    counts = score(name, mixed_table(), **few).counts
    assert counts == {"dci-es": {"num_train": 400, "num_test": 200}, "r2": {"num_train": 300, "num_test": 300}}.get(
        name, {"num_train": 600}
    )
