"""`deval draw embedding`: codes in two dimensions by t-SNE."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from disentangle_eval.cli.arguments import checkpoint_argument, data_dir_option, device_option
from disentangle_eval.cli.draw import dataset_option, on_what, open_coded, out_option, seed_option
from disentangle_eval.cli.echo import prints_paths
from disentangle_eval.errors import UsageError

if TYPE_CHECKING:
    import numpy as np

    from disentangle_eval.api import Dataset


@click.command()
@checkpoint_argument
@out_option
@click.option("--by", "names", multiple=True, help="Factor, or `label`; may be repeated.  [default: all]")
@click.option("--n", type=click.IntRange(5), default=2000, show_default=True, help="Number of images.")
@click.option("--perplexity", type=click.FloatRange(1), default=30.0, show_default=True, help="Perplexity of t-SNE.")
@seed_option
@dataset_option
@device_option
@data_dir_option
@prints_paths
def embedding(
    checkpoint: Path,
    out: Path | None,
    names: tuple[str, ...],
    n: int,
    perplexity: float,
    seed: int,
    dataset: str | None,
    device: str,
    data_dir: Path | None,
) -> Iterator[Path]:
    """Draw the codes of images in two dimensions by t-SNE, one panel per factor or label that colours them.

    t-SNE keeps neighbours together; distances between clusters and their sizes mean nothing.
    """
    from disentangle_eval.cli.picture import picture_path
    from disentangle_eval.report.embedding import embed, embedding_figure, most_perplexity
    from disentangle_eval.report.style import save_figure

    coded = open_coded(checkpoint, device, dataset, data_dir, n, seed)
    path = picture_path(out, coded.opened.origin, "embedding")
    classes = known_classes(coded.data, coded.index, names)
    perplexity = min(perplexity, most_perplexity(len(coded.codes)))
    points = embed(coded.codes, coded.code, perplexity, seed)
    what = f"t-SNE of {len(points):,} codes, perplexity {perplexity:.3g}"
    title = f"{on_what(coded.data.name, coded.opened)}, {what}"
    save_figure(path, embedding_figure(points, classes, title))
    yield path


def known_classes(data: Dataset, index: np.ndarray, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """The classes of images by factor that varies, and their label; of `names` alone where there are any."""
    import numpy as np

    found: dict[str, np.ndarray] = {}
    if data.factors is not None:
        columns = data.factors.classes(index).T
        sizes = data.factors.sizes
        known = zip(data.factors.names, sizes, columns, strict=True)
        found = {name: column for name, size, column in known if size > 1}
    labels = getattr(data, "labels", None)
    if labels is not None:
        found["label"] = np.asarray(labels)[index]
    expected = f"one of: {', '.join(found) or 'none, since nothing is known of these images'}"
    if unknown := [name for name in names if name not in found]:
        raise UsageError("--by", received=", ".join(map(repr, unknown)), expected=expected)
    if not found:
        raise UsageError("embedding", received=f"data set {data.name!r}", expected="factors or labels to colour by")
    return {name: found[name] for name in names or found}
