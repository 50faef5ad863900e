"""Models, opened from checkpoints or built anew."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from disentangle_eval.config import ModelConfig, build
from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.opening.origins import Origin, find_checkpoint, keep_origin
from disentangle_eval.registry.lookup import how_to_have, load_registry
from disentangle_eval.registry.plugin_code import plugin_code

if TYPE_CHECKING:
    import torch

    from disentangle_eval.api import ImageShape, Model
    from disentangle_eval.checkpoint import Checkpoint


@dataclass(frozen=True)
class OpenedModel:
    """A model in eval mode on a device, and the checkpoint it is from."""

    model: Model[Any]
    device: torch.device
    origin: Origin


def open_model(path: Path, device: str = "auto") -> OpenedModel:
    """The model of a checkpoint file or run folder, on the device of `auto`, `cpu` or `cuda`.

    `UsageError` where there is no such file, plugin or device; `DevalError` where the file is no whole checkpoint.
    """
    from disentangle_eval.runtime.devices import choose_device, place, use_exact_kernels
    from disentangle_eval.runtime.threads import limit_threads

    path = find_checkpoint(path)
    chosen = choose_device(device)
    limit_threads()
    use_exact_kernels(chosen)
    checkpoint, sha256 = _read_whole(path)
    origin = Origin(replace(checkpoint, weights={}), path, sha256)
    model = place(restore_model(checkpoint), chosen)
    keep_origin(model, origin)
    return OpenedModel(model, chosen, origin)


def _read_whole(path: Path) -> tuple[Checkpoint, str]:
    """A checkpoint without its training state, and the checksum of its file.

    Read again where a training put a newer file in its place meanwhile, whose checksum would be another's.
    """
    from disentangle_eval.checkpoint import load
    from disentangle_eval.runtime.files import sha256

    while True:
        before = path.stat()
        checkpoint, digest = load(path, train=False), sha256(path)
        after = path.stat()
        if os.path.samestat(before, after) and before.st_mtime_ns == after.st_mtime_ns:
            return checkpoint, digest


def build_model(target: type[Model[Any]], cfg: ModelConfig, image: ImageShape, seed: int) -> Model[Any]:
    """A freshly initialised model; its weights follow from the seed and leave the global generator as it was."""
    from disentangle_eval.runtime.draws import seeded_construction

    with seeded_construction(seed, "weights"):
        try:
            with plugin_code(f"model class {target.__name__}"):
                return target(cfg, image)
        except ValueError as error:
            if type(error) is not ValueError:  # such as pydantic's: a fault of the model, not of what was typed
                raise
            raise UsageError(f"{target.__name__} on {tuple(image)} images: {error}") from error


def restore_model(checkpoint: Checkpoint) -> Model[Any]:
    """The model of a checkpoint on the CPU, in eval mode.

    `UsageError` where no installed plugin has the model, `DevalError` where its weights do not fit.
    """
    from disentangle_eval.api import ImageShape

    name, distribution = checkpoint.model["name"], checkpoint.model["distribution"]
    registry = load_registry()
    registered = registry.find_trained("checkpoint", name, distribution)
    if registered.distribution != distribution:
        raise UsageError(
            f"checkpoint of {name!r}",
            received=f"the model of {distribution}",
            expected=f"that of {registered.distribution}, which is installed under this name",
            advice=f"leave {registered.distribution} out and {how_to_have(distribution)}",
        )
    if registered.spec.version != checkpoint.model["version"]:
        raise DevalError(
            f"checkpoint of {name!r}",
            received=f"version {checkpoint.model['version']}",
            expected=f"version {registered.spec.version}, which is installed",
            advice=f"install the release of {distribution} that wrote it",
        )
    try:
        cfg = build(registry.resolve(registered, "config"), checkpoint.config)
    except UsageError as error:
        advice = f"install the release of {distribution} that wrote it"
        raise error.inside(f"checkpoint of {name!r}").advising(advice) from None
    model = build_model(registry.resolve(registered, "target"), cfg, ImageShape(*checkpoint.data["shape"]), seed=0)
    try:
        model.load_state_dict(dict(checkpoint.weights))
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:200]
        raise DevalError(
            f"checkpoint of {name!r}: its weights do not fit the model ({reason})",
            advice=f"install the release of {distribution} that wrote it, or use another checkpoint",
        ) from None
    return model.eval()
