"""What a run is to be, decided before anything is opened: its settings, its folder, and whether it is resumed."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import field_validator
from pydantic_core import PydanticCustomError

from disentangle_eval.config import Config, Field, ModelConfig, build, flat, preset_dataset, resolve, shortened
from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.registry.lookup import Registered, load_registry
from disentangle_eval.registry.names import parse_dataset
from disentangle_eval.registry.specs import ModelSpec
from disentangle_eval.runtime.processor import default_products
from disentangle_eval.runtime.threads import default_threads, free_threads
from disentangle_eval.training.folder import RunFolder

# What resuming may change: how far to go.
CHANGEABLE = {"iterations"}

# What run.json holds next to the settings: what was typed, and where the data were.
NOTES = {"command", "data_dir"}

# The values of settings that runs did not record before there was a choice.
ADDED_SETTINGS: Mapping[str, Any] = {"precision": "float32", "eager": True, "products": "torch", "subnormals": "kept"}


class RunSettings(Config):
    """The settings that every run has, whatever its model."""

    dataset: str = Field("dsprites", description="data set to train on")
    preset: str | None = Field(None, description="named settings of the model, as `deval models` lists them")
    shorten: float = Field(
        1.0,
        ge=1,
        description="shorten the schedule: learning rates times this, numbers of iterations divided by it; options "
        "given keep their values",
    )
    seed: int = Field(0, ge=0, description="seed of every random number")
    precision: Literal["float32", "tf32", "bf16"] = Field(
        "float32", description="arithmetic of the networks in training"
    )
    eager: bool = Field(False, description="on CUDA, launch each iteration from Python: no CUDA graphs")
    log_every: int = Field(100, ge=1, description="iterations per line of the log")
    checkpoint_every: int = Field(1000, ge=1, description="iterations between saves of checkpoint.pt")
    snapshot_every: int = Field(5000, ge=1, description="iterations between kept snapshots and pictures")
    validation: int | None = Field(
        None, ge=1, description="images to hold back from training, whose terms every line of the log has too"
    )
    follow: str | None = Field(
        None, description="score every snapshot with METRIC or METRIC:PROTOCOL and keep the best as best.pt"
    )
    patience: int | None = Field(
        None, ge=1, description="end after this many snapshots without a better score; needs --follow"
    )
    device: str = Field("auto", description="where to compute: auto, cpu, cuda or cuda:N")
    threads: int | Literal["auto"] | None = Field(
        None,
        description="CPU threads; auto: as many as there are free cores now  [default: all it may use]",
    )
    products: Literal["auto", "torch", "onednn"] = Field(
        "auto",
        description="library of matrix products in fully connected layers on a CPU; auto: onednn on AMD's with AVX-512",
    )
    subnormals: Literal["auto", "kept", "zero"] = Field(
        "auto",
        description="numbers below 1.2e-38 in training on a CPU; zero is faster late in training; auto: zero where the "
        "CPU can",
    )

    @field_validator("device")
    @classmethod
    def _understood(cls, device: str) -> str:
        if re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", device):
            return device
        raise PydanticCustomError("device", "expected auto, cpu, cuda or cuda:N")

    @field_validator("threads", mode="before")
    @classmethod
    def _at_least_one(cls, threads: Any) -> Any:
        if threads in (None, "auto") or (isinstance(threads, int) and threads >= 1):
            return threads
        raise PydanticCustomError("threads", "expected a number from 1 on, or auto")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A run to be made: its model, settings and folder.

    In `settings` device, threads, products and subnormals are those of this machine, never `auto` or None. `resumed` is
    the run.json of a run that is to be resumed, None for a new one.
    """

    model: str
    cfg: ModelConfig
    settings: RunSettings
    folder: RunFolder
    resumed: Mapping[str, Any] | None = None


def plan_run(model: str, given: Mapping[str, Any], folder: Path, *, resume: bool = False) -> Plan:
    """The plan of one run of a registered model.

    `given` holds what was set explicitly, by name: fields of `RunSettings` and of the model's config. Everything else
    takes the value of the preset, or where `resume` is true that of the run in `folder`. `UsageError` for an unknown
    model, data set, setting or preset, a value out of range, and with `resume` a setting that differs from the run's.
    """
    registry = load_registry()
    config: type[ModelConfig] = registry.resolve(registry.find_model(model), "config")
    of_run = {name: value for name, value in given.items() if name in RunSettings.model_fields}
    of_model = {name: value for name, value in given.items() if name not in RunSettings.model_fields}
    wanted = build(RunSettings, of_run)
    registry.find_dataset(parse_dataset(wanted.dataset).name)
    if wanted.follow and wanted.follow != "all":  # which is refused with a reason of its own
        registry.find_metric(wanted.follow.partition(":")[0])
    if resume:
        return _resumed_plan(model, config, wanted, of_model, RunFolder(folder))
    return _new_plan(model, config, wanted, of_model, RunFolder(folder))


def _new_plan(
    model: str, config: type[ModelConfig], wanted: RunSettings, of_model: Mapping[str, Any], folder: RunFolder
) -> Plan:
    """The plan of a run that starts; `UsageError` where the folder already holds one."""
    folder.refuse_run()
    cfg = resolve(config, wanted.dataset, wanted.preset, of_model)
    if wanted.shorten > 1:
        published = resolve(config, wanted.dataset, wanted.preset, {})
        cfg = build(config, dict(shortened(published, wanted.shorten)), of_model)
    dataset = preset_dataset(config, wanted.dataset, wanted.preset)
    # Last, since it imports torch: mistakes are reported before.
    settings = on_this_machine(wanted).model_copy(update={"dataset": dataset})
    return Plan(model=model, cfg=cfg, settings=settings, folder=folder)


def _resumed_plan(
    model: str, config: type[ModelConfig], wanted: RunSettings, of_model: Mapping[str, Any], folder: RunFolder
) -> Plan:
    """The plan of the run in a folder, to be continued; `UsageError` where what is wanted differs from it."""
    settings = on_this_machine(wanted)
    stored = folder.read_run()
    if stored["model"] != model:
        raise UsageError("--resume: the run in --out trains another model", received=model, expected=stored["model"])
    refuse_other_model(stored, load_registry().find_model(model))
    before = stored_settings(folder, stored, config)
    given = [name for name in RunSettings.model_fields if name in wanted.model_fields_set]
    new = {name: getattr(settings, name) for name in given}
    if "dataset" in new:
        new["dataset"] = preset_dataset(config, settings.dataset, before.preset)
    changed = [*differences(before.model_dump(), new), *_config_differences(config, stored["config"], of_model)]
    if changed:
        raise UsageError(
            f"--resume continues a run unchanged, but {'; '.join(changed)}",
            advice="leave these out, or start a new run in another --out",
        )
    kept = {name: value for name, value in of_model.items() if name in CHANGEABLE}
    return Plan(model=model, cfg=build(config, stored["config"], kept), settings=before, folder=folder, resumed=stored)


def refuse_other_model(stored: Mapping[str, Any], registered: Registered[ModelSpec]) -> None:
    """`UsageError` where a run.json is that of a model of this name from another distribution or in another version."""
    expected = (registered.distribution, registered.spec.version)
    received = (stored.get("distribution", expected[0]), stored.get("version", expected[1]))
    if received != expected:
        raise UsageError(
            f"--resume: the run in --out trains {stored['model']!r}",
            received=f"that of {expected[0]}, version {expected[1]}",
            expected=f"that of {received[0]}, version {received[1]}",
            advice="install what it was trained with, or start a new run in another --out",
        )


def stored_settings(folder: RunFolder, run: Mapping[str, Any], config: type[ModelConfig]) -> RunSettings:
    """The settings in a run.json; `DevalError` where one of them, or of the model's, cannot be."""
    stored = {name: value for name, value in run["settings"].items() if name not in NOTES}
    try:
        build(config, run["config"])
        settings = build(RunSettings, {**ADDED_SETTINGS, **stored})
    except UsageError as error:
        raise DevalError(
            f"{str(folder.run_file)!r}: damaged, {error}",
            advice="start a new run in another --out, or restore the file",
        ) from None
    chosen = settings.threads and "auto" not in (settings.products, settings.subnormals)
    return settings if chosen else on_this_machine(settings)


def model_of(folder: RunFolder) -> str:
    """The name of the model of a run; a `UsageError` says how to have its plugin where none provides it."""
    run = folder.read_run()
    return load_registry().find_trained("run", run["model"], run.get("distribution", "")).spec.name


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Every setting of `after`, but those resuming may change, whose value in `before` is another."""
    return [
        f"{name} is {before.get(name)!r} in the run, received {value!r}"
        for name, value in after.items()
        if name not in CHANGEABLE and value != before.get(name)
    ]


def _config_differences(config: type[ModelConfig], before: Mapping[str, Any], given: Mapping[str, Any]) -> list[str]:
    after = flat(build(config, before, given).model_dump(mode="json"))
    return differences(flat(before), {name: after[name] for name in flat(given)})


def on_this_machine(settings: RunSettings) -> RunSettings:
    """The settings with what `auto` and None mean on this machine: device, threads, products, subnormals.

    `UsageError` where subnormal numbers should be zero and the device cannot take them so.
    """
    from disentangle_eval.runtime.devices import choose_device
    from disentangle_eval.runtime.subnormals import subnormals_on

    threads = free_threads() if settings.threads == "auto" else settings.threads or default_threads()
    device = str(choose_device(settings.device))
    default = default_products() if device == "cpu" else "torch"
    products = default if settings.products == "auto" else settings.products
    subnormals = subnormals_on(device, threads) if settings.subnormals != "kept" else "kept"
    if settings.subnormals == "zero" != subnormals:
        raise UsageError(
            "--subnormals", received="zero", expected="auto or kept", advice=f"{threads} threads of {device} keep them"
        )
    update = {"device": device, "threads": threads, "products": products, "subnormals": subnormals}
    return settings.model_copy(update=update)


def default_folder(model: str, dataset: str, seed: int | str) -> Path:
    """runs/MODEL-DATASET-seedN."""
    return Path("runs") / f"{model}-{parse_dataset(dataset).short}-seed{seed}"


def next_free_folder(folder: Path) -> Path:
    """`folder`, or where that exists the first of folder-2, folder-3, ... that does not."""
    numbered = (folder.with_name(f"{folder.name}-{number}") for number in itertools.count(2))
    return next(path for path in itertools.chain([folder], numbered) if not path.exists())
