"""Which models are tried on which images, at their own size or so small that a CPU is done in a moment."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from disentangle_eval.api import Dataset, ImageShape, Model
from disentangle_eval.config import ModelConfig, resolve
from disentangle_eval.errors import DevalError
from disentangle_eval.opening.datasets import open_dataset
from disentangle_eval.opening.models import build_model
from disentangle_eval.registry.lookup import load_registry
from disentangle_eval.testing.host_graph import HostGraph
from disentangle_eval.testing.trial import random_images
from disentangle_eval.training.folder import RunFolder
from disentangle_eval.training.graph import NewGraph, cuda_graphs
from disentangle_eval.training.precision import Precision
from disentangle_eval.training.run import Identity, Run, Ticks
from disentangle_eval.training.training import Training

NEVER = 10**9


@dataclass(frozen=True)
class Case:
    """A model, its images, and the settings that make it tiny, and those that hold at any size."""

    model: str
    dataset: str
    tiny_image: ImageShape
    tiny: dict[str, Any]
    settings: dict[str, Any] = field(default_factory=dict)


_VAE = {"batch_size": 4, "hidden": 8}
CASES = {
    case.model: case
    for case in (
        Case("beta-vae", "dsprites", ImageShape(1, 16, 16), _VAE),
        Case(
            "factorvae",
            "dsprites",
            ImageShape(1, 16, 16),
            {**_VAE, "discriminator_width": 8, "discriminator_layers": 2},
        ),
        Case(
            "ibgan",
            "dsprites",
            ImageShape(1, 64, 64),
            {"batch_size": 4, "generator_width": 2, "discriminator_width": 2},
        ),
        Case("infogan", "dsprites", ImageShape(1, 64, 64), {"batch_size": 4, "width": 2}),
        # A gradient of a gradient, and a round that is repeated.
        Case("infowgan-gp", "dsprites", ImageShape(1, 64, 64), {"batch_size": 4, "width": 2, "critic_steps": 2}),
        # Learning rates that fall; as fast as this, a few iterations see it.
        Case("binfogan", "mnist", ImageShape(1, 28, 28), {"batch_size": 4, "width": 2}, {"decay_iterations": 50}),
    )
}


@dataclass(frozen=True)
class Bench:
    """Where cases are tried: on a device, in a folder for what runs write, tiny or at their own size."""

    device: torch.device
    work: Path
    tiny: bool

    def config(self, case: Case, iterations: int) -> ModelConfig:
        registry = load_registry()
        typed = {**case.settings, **(case.tiny if self.tiny else {}), "iterations": iterations}
        kind: type[ModelConfig] = registry.resolve(registry.find_model(case.model), "config")
        return resolve(kind, case.dataset, None, typed)

    def data(self, case: Case) -> Dataset:
        """The case's images on the device; noise of their shape where they are not at hand."""
        return _images(case.dataset, case.tiny_image, self.tiny, self.device)

    def model(self, case: Case, cfg: ModelConfig, seed: int) -> Model[Any]:
        registry = load_registry()
        target = registry.resolve(registry.find_model(case.model), "target")
        return build_model(target, cfg, self.data(case).shape, seed)

    def graphs(self) -> NewGraph:
        """CUDA graphs, or their stand-in on a CPU."""
        return cuda_graphs() if self.device.type == "cuda" else HostGraph

    def run(
        self,
        case: Case,
        folder: Path,
        *,
        seed: int = 0,
        captured: bool = True,
        precision: Precision = "float32",
        iterations: int = NEVER,
        log: int = NEVER,
        model: Model[Any] | None = None,
    ) -> Run:
        """A run that is neither started nor resumed, and writes next to nothing while it trains."""
        cfg = self.config(case, iterations)
        training = Training(
            model or self.model(case, cfg, seed),
            self.data(case),
            cfg,
            seed,
            self.device,
            precision=precision,
            new_graph=self.graphs() if captured else None,
        )
        return Run(
            training,
            identity=Identity(model=case.model, distribution="benchmark", version=1, dataset=case.dataset),
            folder=RunFolder(folder),
            ticks=Ticks(log=log, checkpoint=NEVER, snapshot=NEVER),
        )


@functools.cache
def _images(dataset: str, tiny_image: ImageShape, tiny: bool, device: torch.device) -> Dataset:
    if tiny:
        return random_images(tiny_image, 64, seed=0).to(device)
    try:
        return open_dataset(dataset, None).to(device)
    except DevalError:
        return random_images(tiny_image, 10_000, seed=0).to(device)
