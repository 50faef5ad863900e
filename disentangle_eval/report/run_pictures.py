"""The pictures of a run folder: plots of its log and scores, and what its model draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from disentangle_eval.api import Generator, Pictured, Traversable
from disentangle_eval.report.grid import save_png, table
from disentangle_eval.report.labels import captioned
from disentangle_eval.report.samples import sample_grid
from disentangle_eval.report.traversal import sweeps, traversal_picture
from disentangle_eval.results import read_results
from disentangle_eval.runtime.draws import GeneratorDraw, stream_seed
from disentangle_eval.runtime.evaluating import evaluating
from disentangle_eval.runtime.files import make_folder
from disentangle_eval.runtime.json_lines import read_lines
from disentangle_eval.training.folder import RunFolder

if TYPE_CHECKING:
    import torch
    from matplotlib.figure import Figure
    from torch import Tensor

SAMPLES = 64
COLUMNS = 11


def draw_run(folder: RunFolder) -> list[Path]:
    """Plot losses, information bounds, information per dimension, scores and confusion, as far as the run has them.

    Writes pictures/{losses,bounds,kl,scores,confusion}.png and returns those written.
    """
    from disentangle_eval.report.curves import bounds_figure, kl_figure, losses_figure

    log, title = read_lines(folder.log).records, run_title(folder)
    figures = {
        "losses": losses_figure(log, title),
        "bounds": bounds_figure(log, title),
        "kl": kl_figure(log, title),
    }
    return [*_saved(folder, figures), *draw_scores(folder)]


def draw_scores(folder: RunFolder) -> list[Path]:
    """Plot scores and confusion, as far as the run has them.

    Writes pictures/{scores,confusion}.png and returns those written.
    """
    from disentangle_eval.report.confusion import confusion_figure
    from disentangle_eval.report.score_curve import scores_figure

    results = read_results(folder.results)
    if not results:
        return []
    return _saved(folder, {"scores": scores_figure(results, run_title(folder)), "confusion": confusion_figure(results)})


def _saved(folder: RunFolder, figures: Mapping[str, Figure | None]) -> list[Path]:
    from disentangle_eval.report.style import save_figure

    drawn = {folder.pictures / f"{name}.png": figure for name, figure in figures.items() if figure is not None}
    make_folder(folder.pictures)
    for path, figure in drawn.items():
        save_figure(path, figure)
    return list(drawn)


def title_of(model: str, data: str, seed: int, iteration: int | None = None) -> str:
    """The line above every picture of a model."""
    at = "" if iteration is None else f", iteration {iteration:,}"
    return f"{model} on {data}, seed {seed}{at}"


def run_title(folder: RunFolder, iteration: int | None = None) -> str:
    """Model, data and seed of a run; empty for a folder without run.json."""
    if not folder.run_file.is_file():
        return ""
    run = folder.read_run()
    return title_of(run["model"], run["data"]["name"], run["seed"], iteration)


def draw_model(
    model: object,
    folder: RunFolder,
    iteration: int,
    seed: int,
    device: torch.device,
    image: Callable[[], Tensor] | None = None,
) -> list[Path]:
    """Draw samples and a traversal of a model at an iteration, as far as it can.

    `image` is where the traversal of an encoder starts. Writes pictures/{samples,traversal}-ITERATION.png, and one for
    each picture of the model's own, and returns those written.
    """
    drawn = {}
    title = run_title(folder, iteration)
    if isinstance(model, Generator):
        drawn[folder.picture("samples", iteration)] = sample_grid(model, SAMPLES, seed, device)
    if isinstance(model, Traversable):
        drawn[folder.picture("traversal", iteration)] = traversal_picture(
            sweeps(model, COLUMNS, seed, device, image=image)
        )
    if isinstance(model, Pictured):
        draw = GeneratorDraw(stream_seed(seed, "pictures"), device)
        with evaluating(model):
            own = {name: [row.cpu() for row in rows] for name, rows in model.pictures(draw).items()}
        drawn |= {folder.picture(name, iteration): table(rows) for name, rows in own.items()}
    make_folder(folder.pictures)
    for path, picture in drawn.items():
        save_png(path, captioned(picture, title))
    return list(drawn)
