"""The pictures of a run folder: plots of its log and scores, and what its model draws."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from disentangle_eval.api import Generator, Traversable
from disentangle_eval.report.grid import save_png
from disentangle_eval.report.samples import sample_grid
from disentangle_eval.report.traversal import sweeps, traversal_picture
from disentangle_eval.runtime.files import make_folder
from disentangle_eval.training.folder import RunFolder, read_lines

if TYPE_CHECKING:
    import torch

SAMPLES = 64
COLUMNS = 11


def draw_run(folder: RunFolder) -> list[Path]:
    """Plot losses, information bounds, information a dimension, scores and confusion, as far as the run has them.

    Writes pictures/{losses,bounds,kl,scores,confusion}.png and returns those written.
    """
    from disentangle_eval.report.confusion import confusion_figure
    from disentangle_eval.report.curves import bounds_figure, kl_figure, losses_figure
    from disentangle_eval.report.score_curve import scores_figure
    from disentangle_eval.report.style import save_figure

    log, results = read_lines(folder.log), read_lines(folder.results)
    figures = {
        "losses": losses_figure(log),
        "bounds": bounds_figure(log),
        "kl": kl_figure(log),
        "scores": scores_figure(results),
        "confusion": confusion_figure(results),
    }
    drawn = {folder.pictures / f"{name}.png": figure for name, figure in figures.items() if figure is not None}
    make_folder(folder.pictures)
    for path, figure in drawn.items():
        save_figure(path, figure)
    return list(drawn)


def draw_model(model: object, folder: RunFolder, iteration: int, seed: int, device: torch.device) -> list[Path]:
    """Draw a model as it is at an iteration: samples and a traversal, as far as it can.

    Writes pictures/{samples,traversal}-ITERATION.png and returns those written.
    """
    drawn = {}
    if isinstance(model, Generator):
        drawn[folder.picture("samples", iteration)] = sample_grid(model, SAMPLES, seed, device)
    if isinstance(model, Traversable):
        drawn[folder.picture("traversal", iteration)] = traversal_picture(sweeps(model, COLUMNS, seed, device))
    make_folder(folder.pictures)
    for path, picture in drawn.items():
        save_png(path, picture)
    return list(drawn)
