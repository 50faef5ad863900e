import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from disentangle_eval.metrics.toolbox.forests import fit_forest


@pytest.mark.parametrize("kind", [RandomForestClassifier, RandomForestRegressor])
def test_a_forest_predicts_the_same_bits_as_one_that_has_one_thread(kind):
    random = np.random.default_rng(0)
    x = random.normal(size=(300, 3))
    y = np.digitize(x[:, 0] + 0.1 * random.normal(size=300), [-1.0, 0.0, 1.0])
    forest = fit_forest(kind(30, random_state=1), x, y)
    alone = kind(30, random_state=1, n_jobs=1).fit(x, y)
    predict = "predict_proba" if kind is RandomForestClassifier else "predict"
    assert forest.n_jobs == 1
    assert np.array_equal(getattr(forest, predict)(x), getattr(alone, predict)(x))
