"""A report of runs as one HTML file that needs no other file and no network."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from disentangle_eval.config import flat
from disentangle_eval.errors import DevalError
from disentangle_eval.results import matrices_of
from disentangle_eval.study.comparing import compare
from disentangle_eval.study.comparison import Comparison
from disentangle_eval.study.runs import RunRecord, labels_of_runs, newest_results, read_run
from disentangle_eval.study.tables import ARROWS

if TYPE_CHECKING:
    import torch
    from matplotlib.figure import Figure

    from disentangle_eval.opening.models import OpenedModel
    from disentangle_eval.opening.origins import Origin

TEMPLATE = "report.html"
FRAMES = 11
SAMPLES = 36
RECONSTRUCTIONS = 8
PICTURE_SEED = 0
DOTS_PER_INCH = 110


@dataclass(frozen=True, kw_only=True)
class Slider:
    """A latent dimension as pre-rendered frames side by side in one picture, with the value behind each frame."""

    dimension: int
    rate: float
    values: tuple[str, ...]
    sheet: str
    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class ShadedMatrix:
    """A matrix of a result, with its rows and columns named and each cell's share of the largest number.

    `head` is what the rows are, such as `dimension`.
    """

    title: str
    head: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[str, float], ...]], ...]


@dataclass(frozen=True, kw_only=True)
class Section:
    """One run on the page. Pictures are data URIs; what a run does not have is left out."""

    title: str
    run: RunRecord
    curves: tuple[tuple[str, str], ...]
    sliders: tuple[Slider, ...]
    pictures: tuple[tuple[str, str], ...]
    matrices: tuple[ShadedMatrix, ...]
    results: tuple[Mapping[str, Any], ...]
    note: str = ""


def report(runs: Sequence[RunRecord], title: str, data_dir: Path | None = None, device: str = "auto") -> str:
    """The page of some runs: scores with intervals, and per run curves, traversals, pictures, matrices and settings.

    A run whose checkpoint cannot be opened keeps its scores and curves, with the reason.
    """
    labels = labels_of_runs(runs)
    titled = [(run, f"{label}, seed {run.seed}") for run, label in zip(runs, labels, strict=True)]
    return rendered(title, [section(run, name, data_dir, device) for run, name in titled], runs)


def checkpoint_page(opened: OpenedModel, title: str, data_dir: Path | None = None) -> str:
    """The page of one checkpoint, with the curves of its run, if it is in one, and its own scores."""
    run = run_of(opened.origin)
    sliders, pictures, note = pictured(opened, run.dataset, data_dir)
    return rendered(title, [section_of(run, title, sliders, pictures, note)], [run])


def run_of(origin: Origin) -> RunRecord:
    """The run that a checkpoint is from, as far as its folder or the checkpoint itself describes it."""
    from disentangle_eval.opening.origins import find_run

    folder, checkpoint = find_run(origin.path), origin.checkpoint
    if folder is not None:
        run = read_run(folder.root)
        own = [result for result in run.results if result.get("checkpoint_sha256") == origin.sha256]
        return replace(run, results=own, iteration=checkpoint.iteration)
    return RunRecord(
        folder=origin.path,
        model=checkpoint.model["name"],
        distribution=checkpoint.model["distribution"],
        version=checkpoint.model["version"],
        dataset=checkpoint.data["dataset"],
        seed=checkpoint.seed,
        config=flat(checkpoint.config),
        settings={},
        iteration=checkpoint.iteration,
        state="finished" if checkpoint.iteration >= checkpoint.config.get("iterations", 0) else "stopped",
        results=(),
    )


def rendered(title: str, sections: Sequence[Section], runs: Sequence[RunRecord]) -> str:
    """The page with these sections, and the scores of the runs next to each other where there are any."""
    from jinja2 import Environment, PackageLoader

    try:
        comparison: Comparison | None = compare(runs)
    except DevalError:
        comparison = None
    environment = Environment(loader=PackageLoader("disentangle_eval.study"), autoescape=True, trim_blocks=True)
    page = environment.get_template(TEMPLATE)
    return page.render(title=title, sections=sections, comparison=comparison, arrows=ARROWS, settings=settings_text)


def section(run: RunRecord, title: str, data_dir: Path | None, device: str) -> Section:
    """What the page shows of a run and its newest checkpoint."""
    from disentangle_eval.opening.models import open_model

    try:
        opened = open_model(run.folder, device)
    except DevalError as error:
        return section_of(run, title, (), (), str(error))
    return section_of(run, title, *pictured(opened, run.dataset, data_dir))


def section_of(
    run: RunRecord, title: str, sliders: tuple[Slider, ...], pictures: tuple[tuple[str, str], ...], note: str
) -> Section:
    """A section from a run's record and the pictures of its model."""
    results = newest_results(run)
    return Section(
        title=title,
        run=run,
        curves=curves_of(run),
        sliders=sliders,
        pictures=pictures,
        matrices=tuple(matrix for result in results for matrix in shaded_matrices(result)),
        results=tuple(results),
        note=note,
    )


def curves_of(run: RunRecord) -> tuple[tuple[str, str], ...]:
    """The learning curves that a run's log and results have, each with its title."""
    from disentangle_eval.report.curves import bounds_figure, kl_figure, losses_figure
    from disentangle_eval.report.score_curve import scores_figure

    drawings: list[tuple[str, Figure | None]] = [
        ("Losses and terms", losses_figure(run.log)),
        ("Bounds on the mutual information of latent and image", bounds_figure(run.log)),
        ("KL of each dimension", kl_figure(run.log)),
        ("Scores", scores_figure(run.results)),
    ]
    return tuple((title, uri_of_figure(figure)) for title, figure in drawings if figure is not None)


def pictured(
    opened: OpenedModel, dataset: str, data_dir: Path | None
) -> tuple[tuple[Slider, ...], tuple[tuple[str, str], ...], str]:
    """The sliders and pictures of a model, as far as it offers them, and why some are missing."""
    from disentangle_eval.api import Generator, Reconstructor, Traversable
    from disentangle_eval.opening.datasets import open_dataset_for
    from disentangle_eval.report.reconstruction import reconstruction_picture
    from disentangle_eval.report.samples import sample_grid

    pictures: list[tuple[str, str]] = []
    sliders: tuple[Slider, ...] = ()
    try:
        if isinstance(opened.model, Traversable):
            sliders = sliders_of(opened)
        if isinstance(opened.model, Generator):
            pictures.append(("Samples", uri_of_pixels(sample_grid(opened.model, SAMPLES, PICTURE_SEED, opened.device))))
        if isinstance(opened.model, Reconstructor):
            data = open_dataset_for(opened.origin, dataset, data_dir)
            made = reconstruction_picture(opened.model, data, RECONSTRUCTIONS, PICTURE_SEED, opened.device)
            pictures.append(("Images and their reconstructions", uri_of_pixels(made)))
    except DevalError as error:
        return sliders, tuple(pictures), str(error)
    return sliders, tuple(pictures), ""


def sliders_of(opened: OpenedModel) -> tuple[Slider, ...]:
    """A slider per dimension of a model's representation, the most informative first."""
    from disentangle_eval.report.traversal import sweeps

    model: Any = opened.model
    sliders = []
    for sweep in sweeps(model, FRAMES, PICTURE_SEED, opened.device):
        sliders.append(
            Slider(
                dimension=sweep.dimension,
                rate=sweep.rate,
                values=tuple(f"{value:.3g}" for value in sweep.positions),
                sheet=uri_of_pixels(side_by_side(sweep.images)),
                width=sweep.images.shape[3],
                height=sweep.images.shape[2],
            )
        )
    return tuple(sliders)


def side_by_side(images: torch.Tensor) -> np.ndarray:
    """(n, C, H, W) in [0, 1] -> one picture, (H, n W) or (H, n W, 3) uint8."""
    from disentangle_eval.report.grid import to_pixels

    return np.concatenate(list(to_pixels(images)), axis=1)


def shaded_matrices(result: Mapping[str, Any]) -> list[ShadedMatrix]:
    """The matrices among the details of a result, as the page shows them."""
    found = []
    for matrix in matrices_of(result.get("details") or {}):
        largest = max(abs(cell) for row in matrix.rows for cell in row) or 1
        rows = [[(number_text(cell), abs(cell) / largest) for cell in row] for row in matrix.rows]
        protocol = result["settings"].get("protocol", "")
        found.append(
            ShadedMatrix(
                head=matrix.noun.split()[-1],
                title=f"{result['metric']} ({protocol}): {matrix.name.replace('_', ' ')}",
                columns=matrix.column_names,
                rows=tuple((name, tuple(row)) for name, row in zip(matrix.row_names, rows, strict=True)),
            )
        )
    return found


def number_text(value: float) -> str:
    """A cell of a matrix: a count in full, any other number with three decimals."""
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"


def settings_text(settings: Mapping[str, Any]) -> str:
    """Settings as indented JSON."""
    return json.dumps(settings, indent=2, default=str)


def uri_of_figure(figure: Figure) -> str:
    """A plot as a data URI."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DOTS_PER_INCH)
    return uri_of_png(buffer.getvalue())


def uri_of_pixels(picture: np.ndarray) -> str:
    """A picture, (H, W) or (H, W, 3) uint8, as a data URI."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="png")
    return uri_of_png(buffer.getvalue())


def uri_of_png(contents: bytes) -> str:
    """The contents of a PNG file as a data URI."""
    return "data:image/png;base64," + base64.b64encode(contents).decode()
