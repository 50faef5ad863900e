"""Everything that is opened by name or path: data sets, checkpoints, run folders, and the models they hold.

Nothing here needs torch until it is used.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from disentangle_eval.config import ModelConfig, build
from disentangle_eval.errors import DevalError, DevalWarning, UsageError
from disentangle_eval.registry.lookup import load_registry
from disentangle_eval.registry.names import parse_dataset
from disentangle_eval.train.folder import RunFolder

if TYPE_CHECKING:
    import torch

    from disentangle_eval.api import Dataset, ImageShape, Model, Subject
    from disentangle_eval.checkpoint import Checkpoint

# ------------------------------------------------------------ data sets


def open_dataset(name: str, data_dir: Path | None = None) -> Dataset:
    """The data set that `name` stands for, in main memory.

    It is read from the path written behind its name, else from `data_dir`, else from the folder `DEVAL_DATA` names.
    `UsageError` for a name no plugin has and for settings it does not take; `DevalError` where its code cannot be
    imported.
    """
    from disentangle_eval.data.files.locations import data_folder

    registry = load_registry()
    written = parse_dataset(name)
    record = registry.find_dataset(written.name)
    if record.spec.takes_path and not written.place:
        raise UsageError("dataset", received=repr(name), expected=f"{written.name}:PATH, the path of your data")
    load = registry.resolve(record, "target")
    folder = written.path or data_folder(data_dir)
    if written.settings and not record.spec.config:
        received = ", ".join(written.settings)
        raise UsageError(f"dataset {written.name!r} has no settings", received=received, advice="leave them out")
    settings = [build(registry.resolve(record, "config"), written.settings)] if record.spec.config else []
    dataset: Dataset = load(folder, *settings)
    return dataset


def open_dataset_for(checkpoint: Checkpoint, name: str, data_dir: Path | None = None) -> Dataset:
    """The data set of that name, for a checkpoint's model; `UsageError` where its images have another shape."""
    dataset = open_dataset(name, data_dir)
    trained_on = tuple(checkpoint.data["shape"])
    if tuple(dataset.shape) != trained_on:
        own = name == checkpoint.data["dataset"]
        raise UsageError(
            f"data set {name!r}",
            received=f"images of shape {tuple(dataset.shape)}",
            expected=f"{trained_on}, on which the checkpoint was trained",
            advice=(
                "give the folder of the data it was trained on with --data-dir" if own else "choose another --dataset"
            ),
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


# ------------------------------------------------------------ checkpoints and run folders


def find_checkpoint(path: Path) -> Path:
    """The checkpoint file a path means: itself, or checkpoint.pt of a run folder. `UsageError` where there is none."""
    expected = "a checkpoint file or a run folder of `deval train`"
    if path.is_dir():
        newest = RunFolder(path).checkpoint
        if newest.is_file():
            return newest
        raise UsageError(f"checkpoint: no {newest.name} in the folder {str(path)!r}", expected=expected)
    if not path.exists():
        raise UsageError("checkpoint", received=f"{str(path)!r}, which does not exist", expected=expected)
    return path


def find_run(checkpoint: Path) -> RunFolder | None:
    """The run folder a checkpoint file is in, or None outside one."""
    checkpoint = checkpoint.absolute()
    for folder in (RunFolder(parent) for parent in checkpoint.parents[:2]):
        if folder.run.is_file() and checkpoint.parent in (folder.root, folder.snapshot(0).parent):
            return folder
    return None


# ------------------------------------------------------------ models


@dataclass(frozen=True)
class OpenedModel:
    """A checkpoint, its model in eval mode on a device, and the file it came from with its checksum."""

    checkpoint: Checkpoint
    model: Model[Any]
    device: torch.device
    path: Path
    sha256: str

    @property
    def name(self) -> str:
        return str(self.checkpoint.model["name"])

    @property
    def about(self) -> Mapping[str, Any]:
        """What a result says of the model, by the keys of `Result`."""
        return {
            "model": self.name,
            "model_distribution": self.checkpoint.model["distribution"],
            "model_version": self.checkpoint.model["version"],
            "train_seed": self.checkpoint.seed,
            "trained_on": self.checkpoint.data["name"],
            "checkpoint": self.path.name,
            "checkpoint_sha256": self.sha256,
            "iteration": self.checkpoint.iteration,
        }


def open_model(path: Path, device: str = "auto") -> OpenedModel:
    """The model of a checkpoint file or run folder, on the device `auto`, `cpu` or `cuda` stands for.

    `UsageError` where there is no such file, plugin or device; `DevalError` where the file is no whole checkpoint.
    """
    from disentangle_eval.checkpoint import load
    from disentangle_eval.runtime.devices import choose_device, place, use_exact_kernels
    from disentangle_eval.runtime.files import sha256

    path = find_checkpoint(path)
    chosen = choose_device(device)
    use_exact_kernels(chosen)
    checkpoint = load(path)
    return OpenedModel(checkpoint, place(restore_model(checkpoint), chosen), chosen, path, sha256(path))


def inability(opened: OpenedModel, missing: str) -> UsageError:
    """The error for what the model cannot do, for want of the methods named in `missing`."""
    return UsageError(f"checkpoint {str(opened.path)!r}: model {opened.name!r} {missing}")


def build_model(target: type[Model[Any]], cfg: ModelConfig, image: ImageShape, seed: int) -> Model[Any]:
    """A freshly initialised model; its weights follow from the seed and leave the global generator as it was."""
    import torch

    from disentangle_eval.runtime.draws import stream_seed

    with torch.random.fork_rng(devices=[]):
        # Not torch.manual_seed, which would reseed CUDA's global generators too.
        torch.default_generator.manual_seed(stream_seed(seed, "weights"))
        try:
            return target(cfg, image)
        except ValueError as error:
            raise UsageError(f"{target.__name__} on {tuple(image)} images: {error}") from error


def restore_model(checkpoint: Checkpoint) -> Model[Any]:
    """The model of a checkpoint on the CPU, in eval mode.

    `UsageError` where no installed plugin has the model, `DevalError` where its weights do not fit.
    """
    from disentangle_eval.api import ImageShape

    name, distribution = checkpoint.model["name"], checkpoint.model["distribution"]
    registry = load_registry()
    if name not in registry.models:
        raise UsageError(
            f"checkpoint of model {name!r}, which no installed plugin provides",
            advice=f"pip install {distribution} (`deval models` lists what is installed)",
        )
    record = registry.find_model(name)
    if record.spec.version != checkpoint.model["version"]:
        raise DevalError(
            f"checkpoint of {name!r}",
            received=f"version {checkpoint.model['version']}",
            expected=f"version {record.spec.version}, which is installed",
            advice=f"install the release of {distribution} that wrote it",
        )
    cfg = build(registry.resolve(record, "config"), checkpoint.config)
    model = build_model(registry.resolve(record, "target"), cfg, ImageShape(*checkpoint.data["shape"]), seed=0)
    try:
        model.load_state_dict(dict(checkpoint.weights))
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:200]
        raise DevalError(f"checkpoint of {name!r}: its weights do not fit the model ({reason})") from None
    return model.eval()


# ------------------------------------------------------------ what is scored


@dataclass(frozen=True)
class OpenedSubject:
    """What is scored, before anything is encoded: its name in messages, and what results say of it.

    `run` is the folder that keeps its results, if there is one.
    """

    name: str
    subject: Subject
    about: Mapping[str, Any]
    run: RunFolder | None = None


def open_codes(path: Path) -> OpenedSubject:
    """A table of codes from a file."""
    from disentangle_eval.metrics.code_file import load_code_table
    from disentangle_eval.runtime.files import sha256

    table = load_code_table(path)
    return OpenedSubject(str(path), table, {"codes": str(path), "codes_sha256": sha256(path)})


def open_on(opened: OpenedModel, dataset: str, data_dir: Path | None = None) -> OpenedSubject:
    """A model on a data set. `DevalWarning` where it was trained on other images of the same data set."""
    from disentangle_eval.metrics.subject import EncodedSubject

    data = open_dataset_for(opened.checkpoint, dataset, data_dir).to(opened.device)
    if dataset == opened.checkpoint.data["dataset"] and (change := difference(data, opened.checkpoint)):
        warnings.warn(change, DevalWarning, stacklevel=2)
    model: Any = opened.model
    return OpenedSubject(
        name=f"{opened.path} on {data.name}",
        subject=EncodedSubject(model, data, iteration=opened.checkpoint.iteration),
        about={"dataset": data.name, "dataset_sha256": data.sha256, **opened.about},
        run=find_run(opened.path),
    )
