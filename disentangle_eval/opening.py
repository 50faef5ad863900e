"""Everything that is opened by name or path: data sets, checkpoints, run folders, and the models they hold.

Nothing here needs torch until it is used.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from disentangle_eval.config import ModelConfig, build
from disentangle_eval.errors import DevalError, UsageError, warn
from disentangle_eval.registry.lookup import how_to_have, load_registry
from disentangle_eval.registry.names import parse_dataset
from disentangle_eval.registry.plugin_code import plugin_code
from disentangle_eval.runtime.checksums import weights_digest
from disentangle_eval.training.folder import RunFolder

if TYPE_CHECKING:
    import torch

    from disentangle_eval.api import Dataset, ImageShape, Model, Subject
    from disentangle_eval.checkpoint import Checkpoint
    from disentangle_eval.metrics.subject import KeptCodes

# ------------------------------------------------------------ data sets

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
        if folder.run_file.is_file() and checkpoint.parent in (folder.root, folder.snapshot(0).parent):
            return folder
    return None


# ------------------------------------------------------------ models


@dataclass(frozen=True)
class Origin:
    """The checkpoint a model was opened from: its contents without the weights, its file, and that file's checksum."""

    checkpoint: Checkpoint
    path: Path
    sha256: str

    @property
    def name(self) -> str:
        """The name of the model's spec."""
        return str(self.checkpoint.model["name"])

    @property
    def batch_statistics(self) -> str:
        """`running`, as training left them, or `clean`: estimated anew on clean real images."""
        return str(self.checkpoint.model.get("batch_statistics", "running"))

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

    def inability(self, missing: str) -> UsageError:
        """The error for what the model cannot do, for want of the methods named in `missing`."""
        return UsageError(f"checkpoint {str(self.path)!r}: model {self.name!r} {missing}")


@dataclass(frozen=True)
class _Contents:
    """The digest of a model's weights, and its other attributes in words."""

    weights: bytes
    attributes: Mapping[str, str]


@dataclass(frozen=True)
class OpenedModel:
    """A model in eval mode on a device, and the checkpoint it is from."""

    model: Model[Any]
    device: torch.device
    origin: Origin


# The origin of each opened model that is still in use, with what it computed with then.
_ORIGINS: WeakKeyDictionary[Any, tuple[Origin, _Contents]] = WeakKeyDictionary()

# What PyTorch keeps in a module for its weights, which have a digest, and for the mode.
_OF_TORCH = {"_parameters", "_buffers", "_modules", "training"}


def open_model(path: Path, device: str = "auto") -> OpenedModel:
    """The model of a checkpoint file or run folder, on the device of `auto`, `cpu` or `cuda`.

    `UsageError` where there is no such file, plugin or device; `DevalError` where the file is no whole checkpoint.
    """
    from disentangle_eval.runtime.devices import choose_device, place, use_exact_kernels
    from disentangle_eval.runtime.threads import limit_threads

    path = find_checkpoint(path)
    chosen = choose_device(device)
    limit_threads()
    use_exact_kernels(chosen)
    checkpoint, sha256 = _read_whole(path)
    origin = Origin(replace(checkpoint, weights={}), path, sha256)
    model = place(restore_model(checkpoint), chosen)
    keep_origin(model, origin)
    return OpenedModel(model, chosen, origin)


def keep_origin(model: Model[Any], origin: Origin) -> None:
    """Remember which checkpoint a model is from, as `origin_of` finds it."""
    _ORIGINS[model] = origin, _contents(model)


def _read_whole(path: Path) -> tuple[Checkpoint, str]:
    """A checkpoint without its training state, and the checksum of its file.

    Read again where a training put a newer file in its place meanwhile, whose checksum would be another's.
    """
    from disentangle_eval.checkpoint import load
    from disentangle_eval.runtime.files import sha256

    while True:
        before = path.stat()
        checkpoint, digest = load(path, train=False), sha256(path)
        after = path.stat()
        if os.path.samestat(before, after) and before.st_mtime_ns == after.st_mtime_ns:
            return checkpoint, digest


def origin_of(model: object) -> Origin | None:
    """The checkpoint that a model was read from; None for any other model, and once a weight, its prior or
    another attribute changed.
    """
    origin, contents = _ORIGINS.get(model, (None, None))
    return origin if origin and _contents(model) == contents else None


def _contents(model: Any) -> _Contents:
    """What the results of a model follow from, as far as its objects show it."""
    attributes = {
        f"{path}.{name}": repr(value)
        for path, module in model.named_modules()
        for name, value in vars(module).items()
        if name not in _OF_TORCH
    }
    return _Contents(weights_digest(model), attributes)


def build_model(target: type[Model[Any]], cfg: ModelConfig, image: ImageShape, seed: int) -> Model[Any]:
    """A freshly initialised model; its weights follow from the seed and leave the global generator as it was."""
    from disentangle_eval.runtime.draws import seeded_construction

    with seeded_construction(seed, "weights"):
        try:
            with plugin_code(f"model class {target.__name__}"):
                return target(cfg, image)
        except ValueError as error:
            if type(error) is not ValueError:  # such as pydantic's: a fault of the model, not of what was typed
                raise
            raise UsageError(f"{target.__name__} on {tuple(image)} images: {error}") from error


def restore_model(checkpoint: Checkpoint) -> Model[Any]:
    """The model of a checkpoint on the CPU, in eval mode.

    `UsageError` where no installed plugin has the model, `DevalError` where its weights do not fit.
    """
    from disentangle_eval.api import ImageShape

    name, distribution = checkpoint.model["name"], checkpoint.model["distribution"]
    registry = load_registry()
    registered = registry.find_trained("checkpoint", name, distribution)
    if registered.distribution != distribution:
        raise UsageError(
            f"checkpoint of {name!r}",
            received=f"the model of {distribution}",
            expected=f"that of {registered.distribution}, which is installed under this name",
            advice=f"leave {registered.distribution} out and {how_to_have(distribution)}",
        )
    if registered.spec.version != checkpoint.model["version"]:
        raise DevalError(
            f"checkpoint of {name!r}",
            received=f"version {checkpoint.model['version']}",
            expected=f"version {registered.spec.version}, which is installed",
            advice=f"install the release of {distribution} that wrote it",
        )
    try:
        cfg = build(registry.resolve(registered, "config"), checkpoint.config)
    except UsageError as error:
        advice = f"install the release of {distribution} that wrote it"
        raise error.inside(f"checkpoint of {name!r}").advising(advice) from None
    model = build_model(registry.resolve(registered, "target"), cfg, ImageShape(*checkpoint.data["shape"]), seed=0)
    try:
        model.load_state_dict(dict(checkpoint.weights))
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:200]
        raise DevalError(
            f"checkpoint of {name!r}: its weights do not fit the model ({reason})",
            advice=f"install the release of {distribution} that wrote it, or use another checkpoint",
        ) from None
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


def add_validation(opened: OpenedSubject, model: Any, origin: Origin, name: str, data_dir: Path | None) -> None:
    """Give a subject the same model on the data set `name`, which is held back from training, unless it has it."""
    if opened.subject.validation is None:
        data = open_dataset_for(origin, name, data_dir)
        opened.subject.validation = open_subject(model, data, origin).subject


def open_subject(
    model: Any,
    data: Dataset,
    origin: Origin | None = None,
    *,
    name: str = "",
    about: Mapping[str, Any] | None = None,
    kept: KeptCodes | None = None,
) -> OpenedSubject:
    """A model on a data set, whose images are moved to the model's device; `origin` is the model's checkpoint.

    `name` and what results say `about` the model are those of the checkpoint unless they are given.
    """
    from disentangle_eval.metrics.subject import EncodedSubject
    from disentangle_eval.metrics.toolbox.encoding import device_of

    data = data.to(device_of(model))
    name = name or (str(origin.path) if origin else type(model).__name__)
    about = about or (origin.about if origin else {"model": type(model).__name__})
    subject = EncodedSubject(model, data, iteration=origin.checkpoint.iteration if origin else None, kept=kept)
    subject.batch_statistics = origin.batch_statistics if origin else "running"
    return OpenedSubject(
        name=f"{name} on {data.name}",
        subject=subject,
        about={"dataset": data.name, "dataset_sha256": data.sha256, **about},
        run=find_run(origin.path) if origin else None,
    )
