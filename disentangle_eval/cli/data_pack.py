"""`deval data pack`: a data set as one HDF5 file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from disentangle_eval.cli.arguments import data_dir_option, known_datasets
from disentangle_eval.cli.completion import complete_datasets
from disentangle_eval.cli.data_spec import data_command
from disentangle_eval.cli.echo import note, prints_paths
from disentangle_eval.cli.outputs import refuse_other_suffix
from disentangle_eval.registry.names import written_path


@click.command()
@click.argument("source", metavar="SRC", callback=known_datasets, shell_complete=complete_datasets)
@click.argument("out", metavar="OUT", type=click.Path(path_type=Path))
@data_dir_option
@prints_paths
def pack(source: str, out: Path, data_dir: Path | None) -> Iterator[Path]:
    """Write the data set SRC, its factors and labels to one HDF5 file OUT.

    SRC is a data set as in `--dataset`, such as "images:/path?size=64"; OUT ends in .h5 and is written whole or not at
    all, with a checksum and its source.
    """
    from importlib.metadata import version

    from disentangle_eval.data.packed import write_packed
    from disentangle_eval.errors import UsageError
    from disentangle_eval.opening.datasets import open_dataset
    from disentangle_eval.runtime.files import make_folder

    refuse_other_suffix("OUT", out, ".h5", ".hdf5")
    if out.exists():
        raise UsageError("OUT", received=f"{str(out)!r}, which exists", advice="choose another name, or remove it")
    data = open_dataset(source, data_dir)
    make_folder(out.parent)
    write_packed(out, data, {"source": source, "made_by": f"disentangle-eval {version('disentangle-eval')}"})
    yield out
    note(f"next: {data_command('verify', f'h5:{written_path(out)}', None)}")
