"""`deval encode`, `explore`, `export` and pictures of categories: one trained model from the command line."""

import json
import webbrowser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A model with a categorical and three real dimensions, trained for 2 iterations on a grid of labelled images."""
    from disentangle_eval.cli.main import main

    folder = tmp_path_factory.mktemp("trained")
    images = np.random.default_rng(0).integers(256, size=(60, 28, 28), dtype=np.uint8)
    np.savez(folder / "grid.npz", images=images, factor_sizes=(3, 4, 5), labels=np.arange(60) % 3)
    short = ("--iterations", "2", "--batch-size", "4", "--threads", "1", "--device", "cpu", "--log-every", "1")
    with pytest.raises(SystemExit) as ended:
        main(["train", "jointvae", "--dataset", f"npz:{folder / 'grid.npz'}", *short, "--out", str(folder / "run")])
    assert ended.value.code == 0
    return folder / "run"


def test_kept_codes_score_as_the_model_does(deval, run, tmp_path):
    codes = tmp_path / "new" / "codes.npz"
    answer = deval("encode", run, "-o", codes)
    assert answer.out == f"{codes}\n"
    with np.load(codes) as kept:
        assert len(kept["codes"]) == 60
        assert kept["factor_sizes"].tolist() == [3, 4, 5]
        assert kept["labels"].tolist() == [0, 1, 2] * 20
    scores = [
        json.loads(deval("score", *what, "--metric", "mig", "--json").out)["value"]
        for what in ((run,), ("--codes", codes))
    ]
    assert scores[0] == pytest.approx(scores[1], abs=1e-12)
    assert "a name that ends in .npz" in deval("encode", run, "-o", tmp_path / "codes.csv").error


def test_a_page_is_kept_where_it_is_asked_for_or_among_temporary_files(deval, run, tmp_path, monkeypatch):
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    answer = deval("explore", run, "--no-open", "-o", tmp_path / "page.html")
    assert (answer.out, opened) == (f"{tmp_path / 'page.html'}\n", [])
    page = (tmp_path / "page.html").read_text()
    for part in ("Samples", "Images and their reconstructions", "Losses and terms", 'type="range"'):
        assert part in page
    answer = deval("explore", run)
    kept = Path(answer.out.strip())
    assert kept.read_text().startswith("<!doctype html>")
    assert opened == [kept.as_uri()]
    assert "open the file yourself" in answer.err  # what `append` returns is no browser
    kept.unlink()


@pytest.mark.parametrize(
    "arguments",
    [
        ("grid", "--columns", 3),
        ("categories", "--columns", 3, "--n", 40),
        ("categories", "--columns", 3, "--n", 40, "--nearest"),
        ("categories", "--columns", 3, "--n", 40, "--probable"),
        ("categories", "--columns", 3, "--n", 40, "--along", 1),
        ("categories", "--columns", 3, "--n", 40, "--column", 1),
        ("embedding", "--n", 30, "--perplexity", 5, "--by", "label"),
    ],
)
def test_pictures_of_categories_are_drawn(deval, run, tmp_path, arguments):
    answer = deval("draw", arguments[0], run, *arguments[1:], "--out", tmp_path / "a.png")
    assert answer.out == f"{tmp_path / 'a.png'}\n", answer.err
    Image.open(tmp_path / "a.png").verify()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("categories", "--nearest", "--probable"), "--nearest with --probable, expected at most one of them"),
        (("categories", "--column", 99), "--column: received 99, expected 0 to "),
        (("categories", "--along", 99), "--along: received 99, expected 0 to "),
        (("grid", "--column", 1), "--column: received 1, expected a categorical dimension: 0"),
        (("embedding", "--by", "colour"), "--by: received 'colour', expected one of: "),
    ],
)
def test_what_a_picture_cannot_show_is_refused_with_what_it_can(deval, run, arguments, said):
    assert said in deval("draw", arguments[0], run, *arguments[1:]).error
