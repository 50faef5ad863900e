"""What a model offers besides training, called as the core calls it: in eval mode, with images in [0, 1]."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from disentangle_eval.api import (
    Bottleneck,
    Classifier,
    Decoder,
    Draw,
    Encoder,
    Generator,
    Likelihood,
    LowerBound,
    Model,
    Pictured,
    Posterior,
    Reconstructor,
    Traversable,
)
from disentangle_eval.runtime.draws import GeneratorDraw
from disentangle_eval.testing.candidate import Candidate
from disentangle_eval.testing.failure import NotChecked
from disentangle_eval.testing.trial import CPU, random_images

N = 6


def offered(candidate: Candidate, ability: type[Any]) -> Any:
    """A fresh model in eval mode; `NotChecked` where it does not offer the ability, a protocol of the interface."""
    model = candidate.model(seed=0).eval()
    if not isinstance(model, ability):
        lacking = ", ".join(name for name in _members(ability) if getattr(model, name, None) is None)
        raise NotChecked(f"{type(model).__name__} does not have the ability {ability.__name__}: no {lacking}")
    return model


def _members(ability: type[Any]) -> list[str]:
    """The names of the attributes and methods of an ability."""
    names = {*inspect.get_annotations(ability), *vars(ability)}
    return sorted(name for name in names if not name.startswith("_"))


def latents(model: object, draw: Draw) -> Tensor:
    """(N, Z), drawn from a model's prior; `NotChecked` for a model without one."""
    if not isinstance(model, Generator):
        raise NotChecked(f"{type(model).__name__} does not have the ability Generator, so no prior to draw z from")
    return model.prior.sample(draw, N)


def images(candidate: Candidate, device: torch.device = CPU) -> Tensor:
    """(N, C, H, W)."""
    return random_images(candidate.image, N, seed=1).to(device).images(torch.arange(N, device=device))


def calls(candidate: Candidate, model: Model[Any], device: torch.device = CPU) -> dict[str, Callable[[], object]]:
    """One call of every method the model offers, by name; `device` is where the model is."""
    x, draw = images(candidate, device), GeneratorDraw(seed=0, device=device)
    found: dict[str, Callable[[], object]] = {}
    if isinstance(model, Encoder):
        found["encode"] = lambda: model.encode(x)
        if isinstance(model, Decoder):
            found["decode"] = lambda: model.decode(model.encode(x))
    if isinstance(model, Posterior):
        found["posterior"] = lambda: model.posterior(x)
    if isinstance(model, Classifier):
        found["class_probabilities"] = lambda: model.class_probabilities(x)
    if isinstance(model, Reconstructor):
        found["reconstruct"] = lambda: model.reconstruct(x)
    if isinstance(model, Generator):
        prior = model.prior
        found["generate"] = lambda: (
            model.generate(prior.sample(draw, N)),
            model.generate(prior.sample(draw, N), draw),
        )
        if isinstance(model, Likelihood):
            found["log_likelihood"] = lambda: model.log_likelihood(x, prior.sample(draw, N))
        if isinstance(model, Bottleneck):
            found["rate"] = lambda: model.rate(prior.sample(draw, N))
        if isinstance(model, LowerBound):
            found["lower_bound"] = lambda: model.lower_bound(prior.sample(draw, N), draw, iteration=0)
    if isinstance(model, Traversable):
        found["traversal"] = lambda: model.traversal(draw)
    if isinstance(model, Pictured):
        found["pictures"] = lambda: model.pictures(draw)
    return found
