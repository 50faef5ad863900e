"""Where models come from: checkpoint files, their run folders, and what results say of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from disentangle_eval.errors import UsageError
from disentangle_eval.runtime.checksums import weights_digest
from disentangle_eval.training.folder import RunFolder

if TYPE_CHECKING:
    from disentangle_eval.api import Model
    from disentangle_eval.checkpoint import Checkpoint


def find_checkpoint(path: Path) -> Path:
    """The checkpoint file a path means: itself, or checkpoint.pt of a run folder. `UsageError` where there is none."""
    expected = "a checkpoint file or a run folder of `deval train`"
    if path.is_dir():
        newest = RunFolder(path).checkpoint
        if newest.is_file():
            return newest
        runs = sorted(inner.parent for inner in path.glob(f"*/{newest.name}"))
        advice = f"it holds runs, such as {str(runs[0])!r}; `deval runs {path}` lists them" if runs else ""
        raise UsageError(f"checkpoint: no {newest.name} in the folder {str(path)!r}", expected=expected, advice=advice)
    if not path.exists():
        raise UsageError("checkpoint", received=f"{str(path)!r}, which does not exist", expected=expected)
    return path


def find_run(checkpoint: Path) -> RunFolder | None:
    """The run folder a checkpoint file is in, or None outside one."""
    checkpoint = checkpoint.absolute()
    for folder in (RunFolder(parent) for parent in checkpoint.parents[:2]):
        if folder.run_file.is_file() and checkpoint.parent in (folder.root, folder.snapshot(0).parent):
            return folder
    return None


@dataclass(frozen=True)
class Origin:
    """The checkpoint a model was opened from: its contents without the weights, its file, and that file's checksum."""

    checkpoint: Checkpoint
    path: Path
    sha256: str

    @property
    def name(self) -> str:
        """The name of the model's spec."""
        return str(self.checkpoint.model["name"])

    @property
    def batch_statistics(self) -> str:
        """`running`, as training left them, or `clean`: estimated anew on clean real images."""
        return str(self.checkpoint.model.get("batch_statistics", "running"))

    @property
    def about(self) -> Mapping[str, Any]:
        """What a result says of the model, by the keys of `Result`."""
        return {
            "model": self.name,
            "model_distribution": self.checkpoint.model["distribution"],
            "model_version": self.checkpoint.model["version"],
            "train_seed": self.checkpoint.seed,
            "trained_on": self.checkpoint.data["name"],
            "checkpoint": self.path.name,
            "checkpoint_sha256": self.sha256,
            "iteration": self.checkpoint.iteration,
        }

    def inability(self, missing: str) -> UsageError:
        """The error for what the model cannot do, for want of the methods named in `missing`."""
        return UsageError(f"checkpoint {str(self.path)!r}: model {self.name!r} {missing}")


@dataclass(frozen=True)
class _Contents:
    """The digest of a model's weights, and its other attributes in words."""

    weights: bytes
    attributes: Mapping[str, str]


# The origin of each opened model that is still in use, with what it computed with then.
_ORIGINS: WeakKeyDictionary[Any, tuple[Origin, _Contents]] = WeakKeyDictionary()

# What PyTorch keeps in a module for its weights, which have a digest, and for the mode.
_OF_TORCH = {"_parameters", "_buffers", "_modules", "training"}


def keep_origin(model: Model[Any], origin: Origin) -> None:
    """Remember which checkpoint a model is from, as `origin_of` finds it."""
    _ORIGINS[model] = origin, _contents(model)


def origin_of(model: object) -> Origin | None:
    """The checkpoint that a model was read from; None for any other model, and once a weight, its prior or
    another attribute changed.
    """
    origin, contents = _ORIGINS.get(model, (None, None))
    return origin if origin and _contents(model) == contents else None


def _contents(model: Any) -> _Contents:
    """What the results of a model follow from, as far as its objects show it."""
    attributes = {
        f"{path}.{name}": repr(value)
        for path, module in model.named_modules()
        for name, value in vars(module).items()
        if name not in _OF_TORCH
    }
    return _Contents(weights_digest(model), attributes)
