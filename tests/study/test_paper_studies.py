"""The studies of the papers' tables and figures can be read as they are."""

from pathlib import Path

import pytest

from disentangle_eval.study.reading import read_study

STUDIES = sorted((Path(__file__).parents[2] / "benchmarks" / "studies").glob("*.toml"))


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_a_paper_s_study_names_only_what_is_there(path):
    study = read_study(path)
    assert study.name == path.stem
    assert study.trials
    figure = study.settings.figure
    figure.refuse_misfit()
    scores = {name.split(":")[0] for name in figure.show if ":" in name}
    assert scores <= {metric.split(":")[0] for metric in study.settings.metrics}
    assert len(read_study(path, scale=0.001).trials) == len(study.trials)
