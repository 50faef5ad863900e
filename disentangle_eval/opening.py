"""Models from records: fresh from a seed, or as a checkpoint left them."""

from __future__ import annotations

from typing import Any

import torch

from disentangle_eval.api import ImageShape, Model
from disentangle_eval.checkpoint import Checkpoint
from disentangle_eval.config import ModelConfig, build
from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.registry.lookup import load_registry
from disentangle_eval.runtime.draws import stream_seed


def build_model(target: type[Model[Any]], cfg: ModelConfig, image: ImageShape, seed: int) -> Model[Any]:
    """A freshly initialised model; its weights follow from the seed and leave the global generator as it was."""
    with torch.random.fork_rng(devices=[]):
        # Not torch.manual_seed, which would reseed CUDA's global generators too.
        torch.default_generator.manual_seed(stream_seed(seed, "weights"))
        try:
            return target(cfg, image)
        except ValueError as error:
            raise UsageError(f"{target.__name__} on {tuple(image)} images: {error}") from error


def restore_model(checkpoint: Checkpoint) -> Model[Any]:
    """The model of a checkpoint on the CPU, in eval mode.

    `UsageError` where no installed plugin has the model, `DevalError` where its weights do not fit.
    """
    name = checkpoint.model["name"]
    registry = load_registry()
    if name not in registry.models:
        raise UsageError(
            f"checkpoint of model {name!r}, which no installed plugin provides; "
            f"pip install {checkpoint.model['distribution']} (`deval models` lists what is here)"
        )
    record = registry.find_model(name)
    if record.spec.version != checkpoint.model["version"]:
        raise DevalError(
            f"checkpoint of {name!r} version {checkpoint.model['version']}, "
            f"installed is version {record.spec.version}; "
            f"install the release of {checkpoint.model['distribution']} that wrote it"
        )
    cfg = build(registry.resolve(record, "config"), checkpoint.config)
    model = build_model(registry.resolve(record, "target"), cfg, ImageShape(*checkpoint.data["shape"]), seed=0)
    try:
        model.load_state_dict(dict(checkpoint.weights))
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:200]
        raise DevalError(f"checkpoint of {name!r}: its weights do not fit the model ({reason})") from None
    return model.eval()
