"""The checkpoint a command works on: a file, or the newest one of a run folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from disentangle_eval.errors import UsageError
from disentangle_eval.train.folder import RunFolder

if TYPE_CHECKING:
    import torch

    from disentangle_eval.api import Model
    from disentangle_eval.checkpoint import Checkpoint


@dataclass(frozen=True)
class OpenedModel:
    """A checkpoint, its model in eval mode on a device, and the file it came from."""

    checkpoint: Checkpoint
    model: Model[Any]
    device: torch.device
    path: Path

    @property
    def name(self) -> str:
        return str(self.checkpoint.model["name"])


def find_checkpoint(path: Path) -> Path:
    """The checkpoint file a path means: itself, or checkpoint.pt of a run folder. `UsageError` where there is none."""
    if path.is_dir():
        newest = RunFolder(path).checkpoint
        if newest.is_file():
            return newest
        raise UsageError(
            f"checkpoint: no {newest.name} in the folder {str(path)!r}; expected a run folder of `deval train` or a "
            "checkpoint file"
        )
    if not path.exists():
        raise UsageError(
            f"checkpoint: received {str(path)!r}, which does not exist; expected a checkpoint file or a run folder of "
            "`deval train`"
        )
    return path


def find_run(checkpoint: Path) -> RunFolder | None:
    """The run folder a checkpoint file lies in, or None outside one."""
    checkpoint = checkpoint.absolute()
    for folder in (RunFolder(parent) for parent in checkpoint.parents[:2]):
        if folder.run.is_file() and checkpoint.parent in (folder.root, folder.snapshot(0).parent):
            return folder
    return None


def open_model(path: Path, device: str) -> OpenedModel:
    """The model of a checkpoint file or run folder, on the device `auto`, `cpu` or `cuda` stands for.

    `UsageError` where there is no such file, plugin or device; `DevalError` where the file is no whole checkpoint.
    """
    from disentangle_eval.checkpoint import load
    from disentangle_eval.opening import restore_model
    from disentangle_eval.runtime.devices import choose_device, place, use_exact_kernels

    path = find_checkpoint(path)
    chosen = choose_device(device)
    use_exact_kernels(chosen)
    checkpoint = load(path)
    return OpenedModel(checkpoint, place(restore_model(checkpoint), chosen), chosen, path)


def lack(opened: OpenedModel, missing: str) -> UsageError:
    """The error of a command that the model cannot do, for want of the methods named in `missing`."""
    return UsageError(f"checkpoint {str(opened.path)!r}: model {opened.name!r} {missing}")
