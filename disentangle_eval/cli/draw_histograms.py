"""`deval draw histograms`: how each dimension is distributed over a data set, next to its prior."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from disentangle_eval.cli.arguments import checkpoint_argument, data_dir_option, device_option
from disentangle_eval.cli.draw import dataset_option, on_what, open_coded, out_option, seed_option
from disentangle_eval.cli.echo import prints_paths


@click.command()
@checkpoint_argument
@out_option
@click.option("--n", type=click.IntRange(min=2), default=10_000, show_default=True, help="Number of images encoded.")
@seed_option
@dataset_option
@device_option
@data_dir_option
@prints_paths
def histograms(
    checkpoint: Path, out: Path | None, n: int, seed: int, dataset: str | None, device: str, data_dir: Path | None
) -> Iterator[Path]:
    """Draw the distribution of each dimension of CHECKPOINT's code over the data, with its prior.

    For a model with a normal posterior these are draws of the aggregate posterior q(z_j), one per image; otherwise
    codes.
    """
    from disentangle_eval.api import Posterior
    from disentangle_eval.cli.picture import picture_path
    from disentangle_eval.latents import continuous
    from disentangle_eval.metrics.subject import EncodedSubject
    from disentangle_eval.metrics.toolbox.posterior_parts import first_posterior, is_normal
    from disentangle_eval.report.coded_images import posterior_draws, priors_of
    from disentangle_eval.report.histograms import histograms_figure
    from disentangle_eval.report.style import save_figure

    coded = open_coded(checkpoint, device, dataset, data_dir, n, seed)
    model, opened = coded.opened.model, coded.opened
    path = picture_path(out, opened.origin, "histograms")
    codes, code, label = coded.codes, coded.code, "code"
    if isinstance(model, Posterior) and is_normal(first_posterior(EncodedSubject(model, coded.data))):
        codes = posterior_draws(model, coded.data, coded.index, seed, opened.device)
        code, label = continuous(codes.shape[1]), "q(z_j)"
    title = f"{on_what(coded.data.name, opened)}, {len(codes):,} images"
    save_figure(path, histograms_figure(codes, code, priors_of(model, code), label, title))
    yield path
