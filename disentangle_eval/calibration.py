"""Models whose batch statistics are estimated anew on clean real images of the data set they were trained on."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from disentangle_eval.errors import UsageError
from disentangle_eval.opening.datasets import open_dataset_for
from disentangle_eval.opening.models import OpenedModel
from disentangle_eval.opening.origins import Origin, find_run
from disentangle_eval.registry.plugin_code import plugin_code
from disentangle_eval.runtime.files import make_folder
from disentangle_eval.training.folder import RunFolder

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from disentangle_eval.api import Dataset

IMAGES = 10_000
BATCH = 250
SEED = 0


def calibrated(model: Any, origin: Origin | None, data_dir: Path | None = None) -> tuple[Any, Origin]:
    """A copy of a checkpoint's model with clean batch statistics, and its origin, which reports them.

    The statistics are means over batches of `BATCH` images, `IMAGES` of those that training sees, drawn without
    replacement from seed `SEED`; where there are fewer, over as many whole batches as there are. A model that is
    calibrated already is returned as it is. `UsageError` for a model from no checkpoint and for one without batch
    normalisation in its encoder.
    """
    from disentangle_eval.api import Encoder
    from disentangle_eval.metrics.toolbox.encoding import device_of
    from disentangle_eval.nn.calibrating import calibrate_batch_statistics

    if origin is None:
        raise UsageError(
            "batch_statistics=clean",
            received="a model without a checkpoint",
            expected="a checkpoint, which names the data set it was trained on",
            advice="call disentangle_eval.nn.calibrating.calibrate_batch_statistics with images of your own",
        )
    if origin.batch_statistics == "clean":
        return model, origin
    if not isinstance(model, Encoder):
        raise origin.inability("encodes no images: it has no `code` and `encode`")
    device = device_of(model)
    data = open_dataset_for(origin, origin.checkpoint.data["dataset"], data_dir).to(device)
    model = copy.deepcopy(model)
    with plugin_code(f"model {origin.name!r} of {origin.checkpoint.model['distribution']}"):
        estimated = calibrate_batch_statistics(model, clean_batches(data, device))
    if not estimated:
        raise origin.inability("has no batch normalisation in its encoder, so there is nothing to estimate")
    about = {**origin.checkpoint.model, "batch_statistics": "clean"}
    return model, replace(origin, checkpoint=replace(origin.checkpoint, model=about))


def clean_batches(data: Dataset, device: torch.device) -> Iterator[Tensor]:
    """Batches of equal size of the images that training sees, without their nuisances."""
    import torch

    from disentangle_eval.runtime.draws import stream_seed

    part = getattr(data, "training_part", None)
    generator = torch.Generator().manual_seed(stream_seed(SEED, "calibration"))
    order = torch.randperm(len(data), generator=generator) if part is None else part.order(generator)
    chosen = order[:IMAGES]
    whole = len(chosen) // BATCH * BATCH or len(chosen)
    for index in chosen[:whole].split(BATCH):
        yield data.images(index.to(device)).contiguous(memory_format=torch.channels_last)


def calibrate_checkpoint(opened: OpenedModel, out: Path | None, data_dir: Path | None = None) -> Path:
    """Write the calibrated model as a checkpoint without training state; where it is.

    Without `out` that is calibrated.pt in the run's folder. `UsageError` without either.
    """
    from disentangle_eval.checkpoint import save

    run: RunFolder | None = find_run(opened.origin.path)
    path = out or (run.calibrated if run else None)
    if path is None:
        raise UsageError("--out", received="a checkpoint outside a run folder", expected="--out FILE")
    if path.exists() and path.samefile(opened.origin.path):
        raise UsageError("--out", received=f"{str(path)!r}, the checkpoint itself", expected="another file")
    model, origin = calibrated(opened.model, opened.origin, data_dir)
    make_folder(path.parent)
    save(path, replace(origin.checkpoint, weights=model.state_dict(), train=None))
    return path
