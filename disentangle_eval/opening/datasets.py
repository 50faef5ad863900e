"""Data sets, opened by name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from disentangle_eval.config import build
from disentangle_eval.errors import UsageError, warn
from disentangle_eval.registry.lookup import load_registry
from disentangle_eval.registry.names import parse_dataset
from disentangle_eval.registry.plugin_code import plugin_code

if TYPE_CHECKING:
    from disentangle_eval.api import Dataset
    from disentangle_eval.opening.origins import Origin

# Settings of every data set with factors, on what training sees of it.
PART_SETTINGS = ("correlate", "hold_out")


def open_dataset(name: str, data_dir: Path | None = None) -> Dataset:
    """The data set called `name`, in main memory.

    It is read from the path written behind its name, else from `data_dir`, else from the folder `DEVAL_DATA` names.
    `UsageError` for a name no plugin has and for settings it does not take; `DevalError` where its code cannot be
    imported.
    """
    from disentangle_eval.data.files.locations import dataset_folder
    from disentangle_eval.data.files.presence import presence

    registry = load_registry()
    written = parse_dataset(name)
    registered = registry.find_dataset(written.name)
    if registered.spec.takes_path and not written.place:
        raise UsageError("dataset", received=repr(name), expected=f"{written.name}:PATH, the path of your data")
    load = registry.resolve(registered, "target")
    folder = dataset_folder(written, data_dir)
    if written.place and presence(registered.spec, folder).state == "drawn here":
        warn(f"dataset {name!r}: its files are not there, so it is drawn")
    config = registry.resolve(registered, "config") if registered.spec.config else None
    own = config.model_fields if config else {}
    of_part = {name: value for name, value in written.settings.items() if name in PART_SETTINGS and name not in own}
    of_set = {name: value for name, value in written.settings.items() if name not in of_part}
    if of_set and config is None:
        received = ", ".join(of_set)
        raise UsageError(
            f"dataset {written.name!r} has no such settings",
            received=received,
            expected="correlate or hold_out" if registered.spec.kind == "factors" else "none",
        )
    settings = [build(config, of_set)] if config else []
    with plugin_code(f"dataset {written.name!r} of {registered.distribution}"):
        dataset: Dataset = load(registered.spec, folder, *settings)
    if not of_part:
        return dataset
    from disentangle_eval.data.training_part import with_training_part

    part: Dataset = with_training_part(dataset, of_part)
    return part


def open_dataset_for(origin: Origin, name: str, data_dir: Path | None = None) -> Dataset:
    """The data set of that name, for the model of a checkpoint.

    `UsageError` where its images have another shape; `DevalWarning` where it is the data set the model was trained on,
    but with other images.
    """
    data = open_dataset(name, data_dir)
    own = name == origin.checkpoint.data["dataset"]
    advice = "give the folder of the data it was trained on with --data-dir" if own else "choose another --dataset"
    refuse_other_shape(origin, data, repr(name), advice)
    if own and data.sha256 != origin.checkpoint.data["sha256"]:
        trained_on = origin.checkpoint.data
        warn(
            f"data: {data.name} (sha256 {data.sha256[:12]}) is not what the checkpoint was trained on, "
            f"{trained_on['name']} (sha256 {trained_on['sha256'][:12]}); give that data's folder with --data-dir"
        )
    return data


def refuse_other_shape(origin: Origin, data: Dataset, name: str, advice: str) -> None:
    """`UsageError` where a model was trained on images of another shape."""
    trained_on = tuple(origin.checkpoint.data["shape"])
    if tuple(data.shape) != trained_on:
        raise UsageError(
            f"data set {name}",
            received=f"images of shape {tuple(data.shape)}",
            expected=f"{trained_on}, on which the checkpoint was trained",
            advice=advice,
        )
