"""Sources on the Hugging Face hub: models that `deval export --push` put there, and those of others."""

from __future__ import annotations

import importlib.util
import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from disentangle_eval.errors import UsageError
from disentangle_eval.opening.models import restore_model
from disentangle_eval.opening.origins import Origin, keep_origin
from disentangle_eval.sources.kinds import HUB
from disentangle_eval.sources.published import published_checkpoint
from disentangle_eval.sources.settings import SourceName, given, source_settings
from disentangle_eval.sources.source import Source, adapted

if TYPE_CHECKING:
    from disentangle_eval.checkpoint import Checkpoint

_LOG = logging.getLogger("disentangle_eval")


def open_hub(written: SourceName, device: str) -> Source:
    """A model of the Hugging Face hub, or in a local folder, by its pooled features."""
    name = written.place.removeprefix(HUB)
    if published := published_checkpoint(name):
        return _open_published(written, *published, device)
    if importlib.util.find_spec("transformers") is None:
        raise UsageError(
            f"source {written.place!r}",
            received="no model there of `deval export --push`, and no transformers, which loads others",
            expected="a model that can be read",
            advice="check the name and the network, or pip install transformers",
        )
    from disentangle_eval.runtime.devices import choose_device
    from disentangle_eval.sources.pooled_features import load_hub_model

    _LOG.info("source: loading %s", written.place)
    chosen = choose_device(device)
    compute, defaults = load_hub_model(name)
    about = {"model": written.place, "source": written.text}
    known = replace(written, settings=source_settings({**defaults, **given(written.settings)}))
    return Source(written.text, about, adapted(compute, about, known, chosen))


def _open_published(written: SourceName, checkpoint: Checkpoint, weights: Path, device: str) -> Source:
    """A model that `deval export --push` has put on the hub, or in a local folder of its export."""
    from disentangle_eval.runtime.devices import choose_device, place, use_exact_kernels
    from disentangle_eval.runtime.files import sha256

    if given(written.settings):
        raise UsageError("source", received=repr(written.text), expected=f"{written.place!r} without settings")
    chosen = choose_device(device)
    use_exact_kernels(chosen)
    model = place(restore_model(checkpoint), chosen)
    origin = Origin(replace(checkpoint, weights={}), weights, sha256(weights))
    keep_origin(model, origin)
    return Source(written.place, {**origin.about, "source": written.place}, model, origin=origin)
