"""The candidate of checks: a registered model under a cheap setting."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from disentangle_eval.api import ImageShape, Model
from disentangle_eval.config import ModelConfig, build
from disentangle_eval.opening.models import build_model
from disentangle_eval.registry.lookup import Registered, Registry, load_registry
from disentangle_eval.registry.manager import load_plugins
from disentangle_eval.registry.specs import ModelSpec, Spec
from disentangle_eval.runtime.devices import place
from disentangle_eval.testing.failure import ConformanceFailure, NotChecked

DEFAULT_IMAGE = ImageShape(1, 64, 64)
CHEAP: Mapping[str, Any] = {"batch_size": 4, "iterations": 5}


@dataclass(frozen=True, kw_only=True, eq=False)
class Candidate:
    """A registered model, the entry point it came by, and the images and settings it is checked with.

    `entry` is what the entry point names (`"deval_ibgan"`). `values` are settings that differ from the model's
    defaults; batch size and iterations are small unless given. `verdicts` remembers what checks found.
    """

    registered: Registered[ModelSpec]
    entry: str
    image: ImageShape = DEFAULT_IMAGE
    values: Mapping[str, Any] = field(default_factory=dict)
    verdicts: dict[Check, ConformanceFailure | NotChecked | None] = field(default_factory=dict, repr=False)

    def config(self) -> type[ModelConfig]:
        """The class of its settings; raises `DevalError` where that cannot be imported."""
        config: type[ModelConfig] = Registry.resolve(self.registered, "config")
        return config

    def settings(self) -> ModelConfig:
        """The cheap setting."""
        return build(self.config(), {**CHEAP, **self.values})

    def model(self, seed: int) -> Model[Any]:
        """A fresh model on the CPU as training has it, in training mode; lets through what the plugin raises."""
        model = build_model(Registry.resolve(self.registered, "target"), self.settings(), self.image, seed)
        return place(model, torch.device("cpu")).train()


# A check of a candidate: a `Candidate`, `MetricCandidate` or `DatasetCandidate`.
Check = Callable[[Any], None]


def find_candidate(name: str, image: ImageShape = DEFAULT_IMAGE, config: Mapping[str, Any] | None = None) -> Candidate:
    """An installed model; `UsageError` for an unknown name or settings the model refuses."""
    registered = load_registry().find_model(name)
    candidate = Candidate(registered=registered, entry=entry_of(registered), image=image, values=dict(config or {}))
    if config:
        candidate.settings()
    return candidate


def entry_of(registered: Registered[Spec]) -> str:
    """The module, or file, of the entry point that a spec came by."""
    return next(
        plugin.module
        for plugin in load_plugins()
        if plugin.distribution == registered.distribution and registered.spec in plugin.specs
    )
