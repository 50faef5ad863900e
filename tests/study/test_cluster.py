"""Studies on Ray, where it is installed: trials are run, and nothing is left outside the study's folder."""

import stat
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from tiny_studies import study

from disentangle_eval.study.cluster import TOKEN_FILE, RayCluster, is_installed, token_in
from disentangle_eval.study.running import StudyFolder, run_study, states_of


@pytest.mark.skipif(not is_installed(), reason="Ray is not installed")
def test_a_study_on_ray_is_done_and_leaves_no_folder_behind(grid, tmp_path):
    before = set(Path(tempfile.gettempdir()).glob("dv-*"))
    folder = StudyFolder(tmp_path / "study")
    assert run_study(study(grid, seeds="0-1"), folder, RayCluster(folder.root, at_a_time=2), device="cpu") == Counter(
        done=2
    )
    assert {state.state for state in states_of(folder)} == {"done"}
    assert set(Path(tempfile.gettempdir()).glob("dv-*")) == before


def test_the_token_of_a_study_is_in_its_folder_and_its_owner_s_alone(tmp_path):
    path = token_in(tmp_path / "study")
    assert path == tmp_path / "study" / TOKEN_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert token_in(tmp_path / "study").read_text() == path.read_text()
