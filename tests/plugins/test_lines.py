"""Which line of a plugin an error names."""

import re
from importlib.metadata import packages_distributions, requires

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from disentangle_eval.registry.lines import LIBRARIES, line_of


def test_an_error_inside_a_library_is_at_the_line_that_called_it():
    with pytest.raises(ValueError, match="NaN") as raised:
        LogisticRegression().fit(np.full((4, 2), np.nan), [0, 1, 0, 1])
    assert re.match(r" at test_lines\.py:\d+ \(LogisticRegression\(\)\.fit", line_of(raised.value))


def test_every_dependency_is_a_library():
    needed = {
        re.split(r"[^\w-]", line)[0].lower() for line in requires("disentangle-eval") or () if "extra" not in line
    }
    modules = packages_distributions()
    for name in needed:
        provided = {
            module
            for module, owners in modules.items()
            if name in {owner.lower().replace("_", "-") for owner in owners}
        }
        assert provided & set(LIBRARIES), name
