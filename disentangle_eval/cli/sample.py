"""`deval sample`: images drawn from a checkpoint's prior."""

from __future__ import annotations

from pathlib import Path

import click

from disentangle_eval.cli.arguments import checkpoint_argument, device_option
from disentangle_eval.cli.echo import print_path


@click.command()
@checkpoint_argument
@click.option("--out", type=click.Path(path_type=Path), help="PNG to write.  [default: in the run's pictures folder]")
@click.option("--n", type=click.IntRange(1, 1024), default=64, show_default=True, help="Number of images.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Fixes which latents are drawn.")
@device_option
def sample(checkpoint: Path, out: Path | None, n: int, seed: int, device: str) -> None:
    """Draw images from the prior of CHECKPOINT, a file or a run folder."""
    from disentangle_eval.api import Generator
    from disentangle_eval.cli.picture import caption, picture_path
    from disentangle_eval.opening import open_model
    from disentangle_eval.report.grid import save_png
    from disentangle_eval.report.labels import captioned
    from disentangle_eval.report.samples import sample_grid

    opened = open_model(checkpoint, device)
    if not isinstance(opened.model, Generator):
        raise opened.origin.inability("draws no images from a prior: it has no `generate` and `prior`")
    path = picture_path(out, opened.origin, "samples")
    save_png(path, captioned(sample_grid(opened.model, n, seed, opened.device), caption(opened.origin)))
    print_path(path)
