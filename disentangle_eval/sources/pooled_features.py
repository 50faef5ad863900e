"""Models of the Hugging Face hub as encoders: their pooled features."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from disentangle_eval.errors import UsageError, describe


class PooledFeatures(nn.Module):
    """The pooled output of a vision model, or the mean of its last hidden states where it has none."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, D)."""
        found = self.model(pixel_values=x)
        pooled: Tensor | None = getattr(found, "pooler_output", None)
        if pooled is not None:
            return pooled.flatten(1)
        hidden: Tensor = found.last_hidden_state
        return hidden.mean(dim=1) if hidden.dim() == 3 else hidden.flatten(2).mean(dim=2)


def load_hub_model(name: str) -> tuple[Callable[[Tensor], Any], dict[str, Any]]:
    """A model by its name on the hub or by a folder, and how images must look to it, as settings of a source.

    `UsageError` where there is no such model.
    """
    from transformers import AutoImageProcessor, AutoModel

    try:
        model = AutoModel.from_pretrained(name)
    except Exception as error:  # whatever the hub, the network or a damaged file makes it raise
        raise UsageError(
            f"source 'hf:{name}' cannot be loaded ({describe(error)})",
            expected="a model of the hub, or a folder, that transformers loads",
            advice="check the name and the network",
        ) from error
    try:
        processor = AutoImageProcessor.from_pretrained(name)
    except Exception:  # a model without one takes images as they are
        return PooledFeatures(model), {}
    size = dict(getattr(processor, "size", None) or {})
    side = size.get("height") or size.get("shortest_edge")
    normalised = getattr(processor, "do_normalize", False)
    settings = {
        "channels": str(getattr(model.config, "num_channels", 3)),
        "size": side,
        "mean": tuple(processor.image_mean) if normalised else (),
        "std": tuple(processor.image_std) if normalised else (),
    }
    return PooledFeatures(model), {key: value for key, value in settings.items() if value}
