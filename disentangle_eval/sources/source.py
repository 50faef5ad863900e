"""A source that is open: a model or a table, and what results say of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from disentangle_eval.opening.origins import Origin
from disentangle_eval.sources.settings import SourceName

if TYPE_CHECKING:
    import torch

    from disentangle_eval.sources.adapters import ForeignModel


@dataclass(frozen=True)
class Source:
    """What was opened: a model or a table, and what results say of it.

    `origin` is the checkpoint of a model of the project.
    """

    name: str
    about: Mapping[str, Any]
    model: Any = None
    table: Mapping[str, np.ndarray] | None = None
    origin: Origin | None = None

    @property
    def trained_on(self) -> str | None:
        """The name of the data set a checkpoint was trained on."""
        return str(self.origin.checkpoint.data["dataset"]) if self.origin else None


def adapted(
    compute: Callable[..., Any], about: Mapping[str, Any], written: SourceName, device: torch.device
) -> ForeignModel:
    """A computation on tensors as an encoder or generator, as its settings say, with what results say of it."""
    from disentangle_eval.sources.adapters import ForeignEncoder, ForeignGenerator, ForeignPosterior

    encoder = ForeignPosterior if written.settings.log_variance else ForeignEncoder
    kind = ForeignGenerator if written.settings.role == "generator" else encoder
    model = kind(compute, written.text, written.settings, about)
    return model.to(device).eval()


def is_foreign(model: Any) -> bool:
    """Whether a model is one of the adapters, which are not imported to find that out."""
    adapters = sys.modules.get("disentangle_eval.sources.adapters")
    return adapters is not None and isinstance(model, adapters.ForeignModel)
