"""`deval calibrate`: a checkpoint whose batch statistics are those of clean images."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import click

from disentangle_eval.cli.arguments import checkpoint_argument, data_dir_option, device_option
from disentangle_eval.cli.echo import note, prints_paths, typed_plugins


@click.command()
@checkpoint_argument
@click.option("--out", type=click.Path(path_type=Path), help="File to write.  [default: calibrated.pt of the run]")
@device_option
@data_dir_option
@prints_paths
def calibrate(checkpoint: Path, out: Path | None, device: str, data_dir: Path | None) -> Iterator[Path]:
    """Estimate the batch statistics of CHECKPOINT's encoder anew, on clean images of the data set it was trained on.

    CHECKPOINT is a file or a run folder, which means its newest. The new file has the same weights; its scores report
    `batch_statistics=clean`. `deval score --batch-statistics clean` computes the same without a file.
    """
    from disentangle_eval.calibration import calibrate_checkpoint
    from disentangle_eval.opening.models import open_model

    path = calibrate_checkpoint(open_model(checkpoint, device), out, data_dir)
    yield path
    note(f"next: deval score --metric all {shlex.quote(str(path))}{typed_plugins()}")
