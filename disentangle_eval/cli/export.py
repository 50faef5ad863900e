"""`deval export`: a model as files that other programs read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import click

from disentangle_eval.cli.arguments import checkpoint_argument
from disentangle_eval.cli.echo import note, prints_paths
from disentangle_eval.errors import UsageError


@click.command()
@checkpoint_argument
@click.option(
    "--to",
    "kind",
    type=click.Choice(["pt2", "onnx", "safetensors"]),
    default="pt2",
    show_default=True,
    help="Programs of encoder and generator, or the weights with the settings.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write.  [default: CHECKPOINT-KIND]")
@click.option("--push", metavar="OWNER/NAME", help="Upload the folder to the Hugging Face hub, with --to safetensors.")
@prints_paths
def export(
    checkpoint: Path, kind: Literal["pt2", "onnx", "safetensors"], out: Path | None, push: str | None
) -> Iterator[Path | str]:
    """Write the model of CHECKPOINT, a file or a run folder, for use elsewhere, with a model card.

    `deval score` takes .pt2 and ONNX files like any other source: "deval score encoder.pt2 --dataset NAME".
    """
    from disentangle_eval.sources.exporting import export_model
    from disentangle_eval.sources.published import push_to_hub

    if push and kind != "safetensors":
        raise UsageError("--push", received=f"--to {kind}", expected="--to safetensors, which is loaded from the hub")
    written = export_model(checkpoint, kind, out)
    yield from written
    if push:
        yield push_to_hub(written[0].parent, push)
        note(f'next: disentangle_eval.load_model("hf:{push}")')
