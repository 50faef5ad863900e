"""The studies of the papers' tables and figures can be read as they are."""

from pathlib import Path

import pytest

from disentangle_eval.study.design import read_study

STUDIES = sorted((Path(__file__).parents[2] / "benchmarks" / "studies").glob("*.toml"))


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_a_paper_s_study_names_only_what_is_there(path):
    study = read_study(path)
    assert study.name == path.stem
    assert study.trials
    assert len(read_study(path, scale=0.001).trials) == len(study.trials)
