"""Names from outside are shown letter by letter: never as markup, codes of a terminal, formulas or several lines."""

import io
import json
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.text import Text
from rich.console import Console

from disentangle_eval.cli import score_table
from disentangle_eval.cli.echo import note, print_path
from disentangle_eval.cli.table import print_table
from disentangle_eval.errors import one_line
from disentangle_eval.latents import Continuous
from disentangle_eval.report import bands
from disentangle_eval.report.curves import losses_figure
from disentangle_eval.report.embedding import embedding_figure
from disentangle_eval.report.histograms import histograms_figure
from disentangle_eval.report.labels import captioned
from disentangle_eval.report.levels import Level
from disentangle_eval.report.scatter import Marked, scatter_figure
from disentangle_eval.report.score_curve import scores_figure
from disentangle_eval.report.strip import strip_figure
from disentangle_eval.report.style import save_figure
from disentangle_eval.results import Result
from disentangle_eval.training import progress
from disentangle_eval.training.progress import show_progress

NAMES = [
    "[red]",
    "[/red]",
    "\x1b[31mred\x1b[0m",
    "a\rb",
    "\u202ecba",
    "two\nlines",
    r"$\frac{$",
    ":smile:",
    "x" * 10_000,
]


CURVE = np.array([[0.0, 1.0], [1.0, 2.0]])


def line(name):
    return bands.Line(name, name, [CURVE, CURVE * 2])


def safe(text):
    return all(letter.isprintable() or letter == "\n" for letter in text)


def said(name):
    """How a name begins where it is shown."""
    return one_line(name)[:3]


@pytest.fixture(params=NAMES, ids=lambda name: repr(name)[:12])
def name(request):
    return request.param


def result(name):
    details = {"factors": [name, "b"], "matrix": [[0.5, 0.25]], name: 1.0}
    return Result(
        metric="mig",
        metric_version=1,
        value=0.5,
        better="higher",
        chance=0.0,
        details=details,
        settings={"protocol": "standard"},
        seed=0,
        seconds=0.1,
        dataset=name,
        model=name,
        iteration=1,
    )


def test_tables_of_scores_show_it(name, capsys):
    score_table.show(result(name))
    score_table.show_summary([result(name)], {})
    shown = capsys.readouterr().out
    assert safe(shown)
    assert said(name) in shown


def test_paths_are_what_they_are_for_programs_and_safe_on_a_terminal(name, capsys, monkeypatch):
    print_path(name)
    assert capsys.readouterr().out == f"{name}\n"
    note(f"next: deval score {name}")
    assert safe(capsys.readouterr().err)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    print_path(name)
    shown = capsys.readouterr().out
    assert safe(shown)
    assert said(name) in shown


def test_lists_show_it_as_a_cell_and_as_a_column(name, capsys):
    print_table([name, "b"], [[name, "1"]])
    shown = capsys.readouterr().out
    assert safe(shown)
    assert shown.count(said(name)) >= 2


@pytest.mark.parametrize("bars", [True, False])
def test_progress_shows_it_as_a_run_and_as_a_term(name, bars, capsys, monkeypatch):
    screen = io.StringIO()
    monkeypatch.setattr(progress, "shows_bars", lambda: bars)
    monkeypatch.setattr("rich.console.Console", lambda **_: Console(file=screen, width=200))
    with show_progress(name, 10, alone=True) as shown:
        shown.on_start(0)
        shown.on_iteration(5)
        shown.on_log({"iteration": 5, name: 0.5}, 2.0)
    text = screen.getvalue() + capsys.readouterr().err
    assert safe(text)
    assert said(name) in text


def test_pictures_and_figures_show_it(name, tmp_path):
    picture = captioned(np.zeros((20, 100), dtype=np.uint8), name)
    assert picture.shape[1] < 4000
    figure = losses_figure([{"iteration": i, name: 0.5} for i in (1, 2, 3)], name)
    figure.savefig(tmp_path / "figure.png")


FIGURES = {
    "bands": lambda name: bands.bands_figure([line(name)], name, [Level(0.5, name)], name),
    "panels": lambda name: bands.panels_figure({name: [line(name)]}, name, title=name),
    "ranked": lambda name: bands.ranked_figure({name: [(CURVE[:, 0], CURVE)]}, name, name),
    "strip": lambda name: strip_figure({name: [0.1, 0.2]}, name, [Level(0.5, name)], name),
    "scatter": lambda name: scatter_figure(
        {name: CURVE}, name, name, levels=[Level(1.0, name)], marked=[Marked(1, 1, name)]
    ),
    "bars": lambda name: scores_figure([json.loads(result(name).to_json()) | {"metric": name}], name),
    "curve": lambda name: scores_figure(
        [json.loads(result(name).to_json()) | {"metric": name, "iteration": at} for at in (1, 2)], name
    ),
    "embedding": lambda name: embedding_figure(CURVE, {name: np.array([name, name])}, name),
    "histograms": lambda name: histograms_figure(CURVE, [Continuous()] * 2, [None] * 2, name, name),
}


@pytest.mark.parametrize("kind", FIGURES)
@pytest.mark.parametrize("name", [r"$\frac{$", "[/red]", "\x1b[31mred", "x" * 300], ids=lambda name: name[:6])
def test_every_figure_shows_it_letter_by_letter(kind, name, tmp_path):
    figure = FIGURES[kind](name)
    save_figure(tmp_path / "figure.svg", figure)
    ElementTree.parse(tmp_path / "figure.svg")
    texts = [text.get_text() for text in figure.findobj(Text)]
    assert any(said(name) in text for text in texts)
    assert all(map(safe, texts))


def test_json_keeps_it(name):
    assert json.loads(result(name).to_json())["dataset"] == name
