"""Scores of fixed tables are those of the golden file, and a seed means the same in any process."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import scores

pytestmark = pytest.mark.usefixtures("unrendered_plots")

# Fits by iterative solvers end elsewhere in the last digits on other processors and versions.
TOLERANCE = {"modularity-explicitness": 1e-3, "sap": 1e-3, "higgins": 0.02}


@pytest.fixture(scope="module")
def found():
    return scores.scores()


@pytest.fixture(scope="module")
def golden():
    return json.loads(scores.FILE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("table", scores.TABLES)
@pytest.mark.parametrize("metric", scores.SETTINGS)
def test_a_score_is_that_of_the_golden_file(found, golden, table, metric):
    expected = golden[table][metric]
    assert found[table][metric].keys() == expected.keys()
    assert found[table][metric] == pytest.approx(expected, rel=TOLERANCE.get(metric, 1e-6), abs=1e-9)


def test_scores_of_a_trained_model_are_those_of_the_golden_file(golden):
    found = scores.trained_scores()
    assert found.keys() == golden["trained"].keys()
    for metric, expected in golden["trained"].items():
        assert found[metric] == pytest.approx(expected, rel=2e-3), metric


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """What another process trains and scores: its checkpoint and the scores of a table."""
    code = (
        f"import json, sys; sys.path.insert(0, {str(Path(scores.__file__).parent)!r}); import scores\n"
        "scores.trained_bytes()\n"
        # Its import takes as long as that of torch itself.
        "assert 'torch._dynamo' not in sys.modules\n"
        "print(json.dumps(scores.scores('rotated')['rotated']))\n"
    )
    folder = tmp_path_factory.mktemp("elsewhere")
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return (folder / "run" / "checkpoint.pt").read_bytes(), json.loads(done.stdout)


def test_the_same_seed_gives_the_same_numbers_in_another_process(found, elsewhere):
    assert elsewhere[1] == json.loads(json.dumps(found["rotated"]))


def test_two_processes_train_to_the_same_bytes(elsewhere, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert scores.trained_bytes() == elsewhere[0]
