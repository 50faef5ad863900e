"""The page of runs: one file without outside references, whose text is text and whose sliders work."""

import re
import shutil
import subprocess
from types import SimpleNamespace

import numpy as np
import pytest
from run_folders import write_run

from disentangle_eval.study import page
from disentangle_eval.study.runs import find_runs

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"


@pytest.fixture
def html(tmp_path, monkeypatch):
    for number, beta in enumerate((1, 4)):
        write_run(tmp_path / f"run{number}", seed=0, beta=beta, model="<script>alert(1)</script>")
    sheet = page.uri_of_pixels(np.zeros((4, 12), dtype=np.uint8))
    slider = page.Slider(dimension=3, rate=0.5, values=("-1", "0", "1"), sheet=sheet, width=4, height=4)
    monkeypatch.setattr("disentangle_eval.opening.models.open_model", lambda path, device: None)
    monkeypatch.setattr(page, "pictured", lambda opened, dataset, data_dir: ((slider,), (), ""))
    return page.report(find_runs([tmp_path]), "two <b>runs</b>")


def test_names_from_outside_are_text(html):
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "two &lt;b&gt;runs&lt;/b&gt;" in html


def test_nothing_is_fetched(html):
    assert not re.search(r"""(src|href)=["'](?!data:|#)|https?://|@import""", html)


def test_scores_have_their_chance_and_settings(html):
    assert 'data-value="4.0"' in html
    assert "chance 0.100" in html


def test_a_run_without_a_checkpoint_keeps_its_scores_and_says_why(tmp_path):
    write_run(tmp_path / "run", seed=0, beta=1)
    html = page.report(find_runs([tmp_path]), "one")
    assert "No pictures of the model: checkpoint: no checkpoint.pt" in html
    assert 'data-value="1.0"' in html


def test_a_checkpoint_outside_a_run_and_a_snapshot_have_a_page_of_their_own(tmp_path):
    checkpoint = SimpleNamespace(
        model={"name": "vae", "distribution": "d", "version": 1},
        data={"dataset": "grid"},
        seed=3,
        iteration=10,
        config={"iterations": 20},
    )
    alone = page.run_of(SimpleNamespace(path=tmp_path / "mine.pt", sha256="x", checkpoint=checkpoint))
    assert (alone.model, alone.seed, alone.state, list(alone.results)) == ("vae", 3, "stopped", [])
    write_run(tmp_path / "run", seed=0, beta=1)
    path = tmp_path / "run" / "snapshots" / "00000010.pt"
    snapshot = page.run_of(SimpleNamespace(path=path, sha256="x", checkpoint=checkpoint))
    assert (snapshot.model, snapshot.iteration, snapshot.results) == ("a", 10, [])


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_sliders_move_and_tables_sort_in_a_browser(html, tmp_path):
    click = (
        "<script>document.querySelectorAll('th button')[1].click();document.querySelectorAll('th button')[1].click();"
    )
    move = (
        "const i = document.querySelector('.slider input'); i.value = 2; i.dispatchEvent(new Event('input'));</script>"
    )
    path = tmp_path / "page.html"
    path.write_text(html.replace("</body>", f"{click}{move}</body>"))
    command = [CHROMIUM, *QUIET.split(), f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", path.as_uri()]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    assert "background-position-x: -256px" in shown
    assert ">1</output>" in shown
    assert 'aria-sort="ascending"' in shown
    values = re.findall(r'data-value="([\d.]+)"', shown)
    assert values == ["1.0", "4.0"]


def test_rows_of_a_matrix_have_their_own_names():
    details = {"factors": ["shape", "x"], "train_sizes": [10, 100], "test_accuracy": [[0.5, 0.4], [0.9, 0.8]]}
    (matrix,) = page.shaded_matrices({"metric": "downstream", "settings": {"protocol": "dlib"}, "details": details})
    assert (matrix.head, matrix.columns, [name for name, _ in matrix.rows]) == ("labels", ("shape", "x"), ["10", "100"])
    (votes,) = page.shaded_matrices({"metric": "factorvae", "settings": {}, "details": {"votes": [[3, 0], [0, 5]]}})
    assert (votes.head, [name for name, _ in votes.rows]) == ("dimension", ["0", "1"])
