"""Opening what is there: a data set by its name, and a model from wherever it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from disentangle_eval.errors import UsageError
from disentangle_eval.interface.order import MODEL, refuse_number
from disentangle_eval.interface.paths import PathLike, expanded

if TYPE_CHECKING:
    from disentangle_eval.api import Dataset
    from disentangle_eval.api.abilities import AnyModel


def load_dataset(name: str, data_dir: PathLike | None = None) -> Dataset:
    """The data set called `name`, in main memory.

    `name` is as on the command line: "dsprites", "images:PATH?size=64". Files are read from the path written after the
    name, or else from `data_dir`, by default the folder that `DEVAL_DATA` names. `data[i]` is the image (C, H, W) in
    [0, 1] and the classes of its factors; `data.images(index)` gives many images at once.

    Raises `UsageError` for a name no plugin has and settings it does not take, `DevalError` for damaged files.

    Example::

        data = de.load_dataset("dsprites")
        image, classes = data[0]
    """
    from disentangle_eval.data import indexed
    from disentangle_eval.opening.datasets import open_dataset

    data: Dataset = indexed(open_dataset(name, expanded(data_dir)))
    return data


def load_model(source: Any, device: str = "auto", **settings: Any) -> AnyModel:
    """The model of a checkpoint file, a run folder (its newest checkpoint) or any other source, in eval mode.

    `source` is a path or name, as in `deval score`: a checkpoint or run; an exported program (.pt2), TorchScript or
    ONNX; "module:callable" of the working folder; "hf:NAME"; or a module, a callable on tensors, or a callable without
    required arguments that builds either. `settings`, or what follows a `?` in its text, describe the images that a
    foreign network expects and what it returns: `range=(-1, 1)`, `channels=3`, `size=224`, `mean`, `std`, `output`,
    `log_variance`, `classes`, `softmax`, `code_classes=(10, 0)`, `role="generator"`, `prior="normal:10"`.
    `device` is "auto" (CUDA where there is one), "cpu" or "cuda".

    A model's abilities are its methods, such as `encode`, `generate`, `reconstruct` and `posterior`. Scores of a model
    from a run are added to the results of that run, as long as its weights are the checkpoint's.

    Raises `UsageError` where there is no such file, plugin or device, `DevalError` where a file is damaged.

    Example::

        model = de.load_model("runs/vae-dsprites-seed0")
        codes = model.encode(images)
        foreign = de.load_model(torch.nn.Flatten(), range=(-1, 1))
    """
    from disentangle_eval.sources.opened import open_source

    refuse_number("source", source, MODEL, 'de.load_model("runs/vae-dsprites-seed0")')
    opened = open_source(source, device, **settings)
    if opened.table is not None:
        raise UsageError("model", received=f"{opened.name!r}, a table of codes", expected="a model")
    model: AnyModel = opened.model
    return model
