"""Data sets by name: the one typed, or the one a checkpoint was trained on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from disentangle_eval.errors import UsageError

if TYPE_CHECKING:
    from disentangle_eval.api import Dataset
    from disentangle_eval.checkpoint import Checkpoint


def open_dataset(name: str, data_dir: Path | None) -> Dataset:
    """The data set that `name` stands for, in main memory.

    It is read from the place written behind its name, else from `data_dir`, else from the folder `DEVAL_DATA` names.
    `UsageError` for a name no plugin has and for settings it does not take; `DevalError` where its code cannot be
    imported.
    """
    from disentangle_eval.config import build
    from disentangle_eval.data.files.locations import data_folder
    from disentangle_eval.registry.lookup import load_registry
    from disentangle_eval.registry.names import parse_dataset

    registry = load_registry()
    written = parse_dataset(name)
    record = registry.find_dataset(written.name)
    if record.spec.takes_path and not written.place:
        raise UsageError(f"dataset: received {name!r}, expected {written.name}:PATH, the place of your data")
    load = registry.resolve(record, "target")
    folder = written.path or data_folder(data_dir)
    if written.settings and not record.spec.config:
        received = ", ".join(written.settings)
        raise UsageError(f"dataset {written.name!r}: received the settings {received}, but it has none; leave them out")
    settings = [build(registry.resolve(record, "config"), written.settings)] if record.spec.config else []
    dataset: Dataset = load(folder, *settings)
    return dataset


def open_dataset_of(checkpoint: Checkpoint, data_dir: Path | None) -> Dataset:
    """The data set a checkpoint was trained on; `UsageError` where its images here have another shape."""
    return open_dataset_for(checkpoint, checkpoint.data["dataset"], data_dir)


def open_dataset_for(checkpoint: Checkpoint, name: str, data_dir: Path | None) -> Dataset:
    """The data set of that name, for a checkpoint's model; `UsageError` where its images have another shape."""
    dataset = open_dataset(name, data_dir)
    trained_on = tuple(checkpoint.data["shape"])
    if tuple(dataset.shape) != trained_on:
        own = name == checkpoint.data["dataset"]
        advice = "give the folder of the data it was trained on with --data-dir" if own else "choose another --dataset"
        raise UsageError(
            f"data set {name!r}: images of shape {tuple(dataset.shape)}, the checkpoint was trained on {trained_on}; "
            f"{advice}"
        )
    return dataset


def difference(dataset: Dataset, checkpoint: Checkpoint) -> str | None:
    """One line that says these are not the very images a checkpoint was trained on, or None where they are."""
    if dataset.sha256 == checkpoint.data.get("sha256"):
        return None
    return (
        f"data: {dataset.name} (sha256 {dataset.sha256[:12]}) is not what the checkpoint was trained on, "
        f"{checkpoint.data.get('name')} (sha256 {str(checkpoint.data.get('sha256'))[:12]}); "
        "give that data's folder with --data-dir"
    )
