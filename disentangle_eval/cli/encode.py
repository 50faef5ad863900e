"""`deval encode`: the codes of every image of a data set, as a file."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import click

from disentangle_eval.cli.arguments import data_dir_option, dataset_option, device_option
from disentangle_eval.cli.completion import complete_files
from disentangle_eval.cli.echo import note, prints_paths
from disentangle_eval.cli.outputs import refuse_other_suffix


@click.command()
@click.argument("source", shell_complete=complete_files)
@dataset_option("Data set to encode.  [default: what a checkpoint was trained on]")
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), default=Path("codes.npz"), show_default=True, help="NPZ to write."
)
@device_option
@data_dir_option
@prints_paths
def encode(source: str, dataset: str | None, out: Path, device: str, data_dir: Path | None) -> Iterator[Path]:
    """Write the codes of every image of a data set, in its order, with factors and labels to an .npz file.

    SOURCE is as in `deval score`. The arrays are codes (N, K); factor_sizes, or factors (N, F); factor_names; labels;
    and code_classes if columns are classes. `deval score` reads the file.
    """
    import numpy as np

    from disentangle_eval.interface.encoding import encode as encode_source
    from disentangle_eval.runtime.files import make_folder, write_atomically

    refuse_other_suffix("--out", out, ".npz")
    arrays = encode_source(source, dataset, data_dir=data_dir, device=device)
    make_folder(out.parent)
    write_atomically(out, lambda file: np.savez(file, **arrays))  # type: ignore[arg-type]
    yield out
    note(f"next: deval score {shlex.quote(str(out))} --metric all")
