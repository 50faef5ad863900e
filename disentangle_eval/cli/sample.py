"""`deval sample`: images drawn from the prior of a checkpoint or of another generator."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from disentangle_eval.cli.arguments import device_option
from disentangle_eval.cli.completion import complete_files
from disentangle_eval.cli.echo import prints_paths


def known_source(context: click.Context, parameter: click.Parameter, source: str) -> str:
    """What was named, after a look whether it is there, before torch is imported."""
    if not context.resilient_parsing:
        from disentangle_eval.sources.kinds import refuse_missing
        from disentangle_eval.sources.settings import parse_source

        refuse_missing(parse_source(source).place)
    return source


@click.command()
@click.argument("source", callback=known_source, shell_complete=complete_files)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="PNG to write.  [default: in the run's pictures folder; samples.png for another SOURCE]",
)
@click.option("--n", type=click.IntRange(1, 1024), default=64, show_default=True, help="Number of images.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Fixes which latents are drawn.")
@device_option
@prints_paths
def sample(source: str, out: Path | None, n: int, seed: int, device: str) -> Iterator[Path]:
    """Draw images from the prior of SOURCE, a checkpoint, a run folder or another generator.

    Another generator is named as in `deval score`, with its prior: "gen.pt2?role=generator&prior=normal:10".
    """
    from disentangle_eval.api import Generator
    from disentangle_eval.cli.picture import caption, picture_file, picture_path
    from disentangle_eval.errors import UsageError
    from disentangle_eval.metrics.toolbox.encoding import device_of
    from disentangle_eval.report.grid import save_png
    from disentangle_eval.report.labels import captioned
    from disentangle_eval.report.samples import sample_grid
    from disentangle_eval.sources.opened import open_source

    opened = open_source(source, device)
    if not isinstance(opened.model, Generator):
        if opened.origin:
            raise opened.origin.inability("draws no images from a prior: it has no `generate` and `prior`")
        raise UsageError(opened.name, received="no generator", expected="one, such as ?role=generator&prior=normal:10")
    origin = opened.origin
    path = picture_path(out, origin, "samples") if origin else picture_file(out or Path("samples.png"))
    title = caption(origin) if origin else opened.name
    save_png(path, captioned(sample_grid(opened.model, n, seed, device_of(opened.model)), title))
    yield path
