"""Where a command writes the picture it draws."""

from __future__ import annotations

from pathlib import Path

from disentangle_eval.cli.outputs import refuse_other_suffix
from disentangle_eval.errors import UsageError
from disentangle_eval.opening.origins import Origin, find_run
from disentangle_eval.runtime.files import make_folder

SUFFIX = ".png"


def caption(origin: Origin) -> str:
    """The line above a picture of a checkpoint: model, data, seed and iteration."""
    from disentangle_eval.report.run_pictures import title_of

    checkpoint = origin.checkpoint
    return title_of(checkpoint.model["name"], checkpoint.data["name"], checkpoint.seed, checkpoint.iteration)


def picture_path(out: Path | None, origin: Origin, kind: str) -> Path:
    """The file of `--out`, its folder made; by default in the checkpoint's run folder, or next to the checkpoint.

    `UsageError` where `out` is a folder or ends in anything but .png.
    """
    if out is not None:
        return picture_file(out)
    run = find_run(origin.path)
    next_to_it = origin.path.with_name(f"{origin.path.stem}-{kind}{SUFFIX}")
    return picture_file(next_to_it if run is None else run.picture(kind, origin.checkpoint.iteration))


def picture_file(out: Path) -> Path:
    """The file `out` with its suffix, its folder made; `UsageError` where it is a folder or ends otherwise."""
    if not out.suffix:
        out = out.with_name(out.name + SUFFIX)
    refuse_other_suffix("--out", out, SUFFIX)
    if out.is_dir():
        raise UsageError("--out", received=f"the folder {str(out)!r}", expected=f"a file name that ends in {SUFFIX}")
    make_folder(out.parent)
    return out
