import numpy as np
import pytest
from scipy.special import digamma
from sklearn.feature_selection import mutual_info_classif, mutual_info_regression

from disentangle_eval.metrics.toolbox.neighbour_information import information_on_classes, information_on_values


def noisy(n=400):
    random = np.random.default_rng(0)
    classes = np.stack([random.integers(size, size=n) for size in (2, 5)], axis=1)
    x = np.stack([classes[:, 0] + random.normal(size=n), classes[:, 1] + 0.3 * random.normal(size=n)], axis=1)
    return x, classes


def ross(x, classes, k):
    """Equation 2 of Ross (2014), number by number."""
    terms = []
    for i in range(len(x)):
        same = np.sort([abs(x[j] - x[i]) for j in range(len(x)) if j != i and classes[j] == classes[i]])
        near = min(k, len(same))
        as_near = 1 + sum(abs(x[j] - x[i]) < same[near - 1] for j in range(len(x)) if j != i)
        terms.append(digamma(near) - digamma(len(same) + 1) - digamma(as_near))
    return max(0, digamma(len(x)) + np.mean(terms))


def kraskov(x, y, k):
    """Equation 8 of Kraskov et al. (2004), number by number."""
    terms = []
    for i in range(len(x)):
        across, along = np.abs(x - x[i]), np.abs(y - y[i])
        radius = np.sort(np.maximum(across, along))[k]
        terms.append(digamma((across < radius).sum()) + digamma((along < radius).sum()))
    return max(0, digamma(k) + digamma(len(x)) - np.mean(terms))


@pytest.mark.parametrize("neighbours", [1, 3, 10])
def test_information_on_classes_is_that_of_the_formula_and_of_scikit_learn(neighbours):
    x, classes = noisy()
    found = information_on_classes(x, classes, neighbours, seed=0)
    for j, column in enumerate(x.T):
        assert found[j] == pytest.approx([ross(column, one, neighbours) for one in classes.T], abs=1e-12)
    reference = [mutual_info_classif(x, one, n_neighbors=neighbours, random_state=0) for one in classes.T]
    np.testing.assert_allclose(found, np.stack(reference, axis=1), atol=1e-12)


@pytest.mark.parametrize("neighbours", [1, 3])
def test_information_on_values_is_that_of_the_formula_and_of_scikit_learn(neighbours):
    x, _ = noisy()
    y = x @ np.array([[1.0, 0.2], [0.1, -1.0]]) + 0.5 * np.random.default_rng(1).normal(size=x.shape)
    found = information_on_values(x, y, neighbours, seed=0)
    # The estimate does not depend on units, up to the noise by which equal values are moved apart.
    expected = [[kraskov(a / a.std(), b / b.std(), neighbours) for b in y.T] for a in x.T]
    np.testing.assert_allclose(found, expected, atol=1e-12)
    reference = [mutual_info_regression(x, b, n_neighbors=neighbours, random_state=0) for b in y.T]
    np.testing.assert_allclose(found, np.stack(reference, axis=1), atol=1e-12)


def test_classes_smaller_than_the_neighbours_count_with_the_images_they_have():
    random = np.random.default_rng(0)
    classes = np.sort(random.integers(12, size=60))
    classes[0], classes[1:3] = 40, 41
    x = random.normal(size=60)
    alone = classes != 40
    expected = ross(x[alone] / x.std(), classes[alone], 10)
    assert information_on_classes(x[:, None], classes[:, None], 10, seed=0) == pytest.approx(expected, abs=1e-12)
    assert information_on_classes(x[:3, None], np.arange(3)[:, None], 10, seed=0) == 0


def test_equal_numbers_are_moved_apart_by_the_seed_alone():
    classes = np.random.default_rng(0).integers(3, size=(300, 1))
    first, again = (information_on_classes(classes.astype(float), classes, 3, seed=1) for _ in range(2))
    assert first == again == pytest.approx(np.log(3), abs=0.05)


def test_bits_of_normal_numbers_are_found():
    random = np.random.default_rng(0)
    x = random.normal(size=(4000, 1))
    y = 0.8 * x + 0.6 * random.normal(size=(4000, 1))
    assert information_on_values(x, y, 3, seed=0) == pytest.approx(-0.5 * np.log(1 - 0.8**2), abs=0.04)
