"""From a study's file to its trials."""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_origin

from disentangle_eval.config import ModelConfig, build, counts_iterations, flat, preset_dataset, resolve, settings_of
from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.registry.lookup import Registered, load_registry
from disentangle_eval.registry.names import parse_dataset
from disentangle_eval.registry.specs import ModelSpec
from disentangle_eval.study.collecting import StudyError, collecting, collecting_at
from disentangle_eval.study.design import EntrySettings, Study, StudySettings, Trial
from disentangle_eval.study.seeds import seeds_of


def read_study(path: Path, scale: float = 1.0) -> Study:
    """The study in a TOML file; `StudyError` with everything that is wrong with it.

    With a `scale`, iterations and every setting that is counted in iterations are multiplied by it, to at least 1 where
    they are not 0, and nothing else changes.
    """
    return study_of(read_contents(path), scale)


def read_settings(path: Path) -> StudySettings:
    """What the TOML file of a study says besides its models; needs none of the plugins that the study is of."""
    return settings_in(read_contents(path))


def read_contents(path: Path) -> dict[str, Any]:
    """The contents of a TOML file; `UsageError` where it is none."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError("study", received=f"{str(path)!r}, which does not exist", expected="a TOML file") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError("study", received=f"{str(path)!r} ({error})", expected="a TOML file") from None


def study_of(contents: Mapping[str, Any], scale: float = 1.0) -> Study:
    """The study that the contents of a file describe; `StudyError` with everything that is wrong with it."""
    from disentangle_eval.scoring.measurements import plan_of

    if not 0 < scale <= 1:
        raise UsageError("--scale", received=scale, expected="a number above 0 and at most 1")
    entries = contents.get("models", [])
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise UsageError(
            "study", received=f"models = {entries!r}", expected="at least one [[models]] with model = NAME"
        )
    settings = settings_in(contents)
    errors: list[DevalError] = []
    trials: dict[str, Trial] = {}
    if collecting(errors, seeds_of, settings.seeds) is None:
        settings = settings.model_copy(update={"seeds": "0"})  # reported once, not for every entry
    if settings.figure:
        collecting_at("figure", errors, settings.figure.refuse_misfit)
    for number, entry in enumerate(entries):
        for trial in collecting_at(f"models[{number}]", errors, trials_of, entry, settings, scale) or ():
            trials.setdefault(trial.folder, trial)
    for number, metric in enumerate(settings.metrics):
        collecting_at(f"metrics[{number}]", errors, plan_of, metric)
    if errors:
        raise StudyError(errors)
    return Study(name=settings.name, settings=settings, trials=tuple(trials.values()))


def settings_in(contents: Mapping[str, Any]) -> StudySettings:
    """The settings in the contents of a study file; `UsageError` with everything that is wrong with them."""
    return build(StudySettings, {key: value for key, value in contents.items() if key != "models"})


def trials_of(entry: Mapping[str, Any], settings: StudySettings, scale: float) -> list[Trial]:
    """The trials of one `[[models]]`: every combination of its settings, on every data set, with every seed."""
    if not isinstance(entry.get("model"), str):
        raise UsageError("", received=dict(entry), expected="model = NAME", advice="see `deval models`")
    own = build(EntrySettings, {key: value for key, value in entry.items() if key in EntrySettings.model_fields})
    registry = load_registry()
    registered = registry.find_model(own.model)
    config: type[ModelConfig] = registry.resolve(registered, "config")
    errors: list[DevalError] = []
    seeds = collecting(errors, seeds_of, settings.seeds if own.seeds is None else own.seeds) or ()
    datasets = settings.dataset if own.dataset is None else own.dataset
    datasets = (datasets,) if isinstance(datasets, str) else datasets
    if not datasets:
        raise UsageError("dataset", received="[]", expected="at least one data set")
    preset = own.preset or settings.preset
    written = {key.replace("-", "_"): value for key, value in flat(entry).items() if key not in own.model_fields_set}
    misplaced = [key for key in written if key in StudySettings.model_fields and key not in config.model_fields]
    errors += [misplaced_key(key, written.pop(key)) for key in misplaced]
    iterations = own.iterations or settings.iterations
    trials: list[Trial] = []
    for dataset in datasets:
        collecting(errors, registry.find_dataset, parse_dataset(dataset).name)
        for changes in combinations(written, config):
            changes = {"iterations": iterations, **changes} if iterations is not None else changes
            cfg = collecting(errors, scaled_settings, config, dataset, preset, changes, scale)
            if cfg is not None:
                opened = preset_dataset(config, dataset, preset)
                trials += [trial_of(registered, opened, preset, seed, changes, cfg, settings) for seed in seeds]
    if errors:
        raise StudyError(list({str(error): error for error in errors}.values()))
    return trials


def misplaced_key(key: str, value: Any) -> UsageError:
    """The error of a key of the whole study in an entry, where TOML puts what is below [[models]]."""
    advice = f"{key} is a key of the whole study: write it above the first [[models]]"
    return UsageError(key, received=f"{value!r} in an entry", expected="settings of the model", advice=advice)


def trial_of(
    registered: Registered[ModelSpec],
    dataset: str,
    preset: str | None,
    seed: int,
    changes: Mapping[str, Any],
    cfg: ModelConfig,
    settings: StudySettings,
) -> Trial:
    """A trial from its parts; intervals longer than the training are as long as the training."""
    intervals = ("log_every", "checkpoint_every", "snapshot_every")
    return Trial(
        model=registered.spec.name,
        distribution=registered.distribution,
        version=registered.spec.version,
        dataset=dataset,
        preset=preset,
        seed=seed,
        changes=changes,
        config=cfg.model_dump(mode="json"),
        run={
            "precision": settings.precision,
            **{name: min(getattr(settings, name), cfg.iterations) for name in intervals},
        },
        metrics=settings.metrics,
        score_seed=settings.score_seed,
        snapshots=settings.snapshots,
        batch_statistics=settings.batch_statistics,
    )


def combinations(written: Mapping[str, Any], config: type[ModelConfig]) -> Iterator[dict[str, Any]]:
    """Every combination of settings: a list means several values; for a setting that is a list, a list of lists."""
    axes = [[(name, value) for value in values_of(name, value, config)] for name, value in written.items()]
    for combination in itertools.product(*axes):
        yield dict(combination)


def values_of(name: str, value: Any, config: type[ModelConfig]) -> list[Any]:
    """The values that a study file gives a setting, a single one as well."""
    if not isinstance(value, list):
        return [value]
    field_info = settings_of(config).get(name)
    holds_many = field_info is not None and get_origin(field_info.annotation) in (tuple, list)
    if holds_many and not any(isinstance(item, list) for item in value):
        return [value]
    if not value:
        raise UsageError(f"setting {name!r}", received="[]", expected="at least one value")
    return value


def scaled_settings(
    config: type[ModelConfig], dataset: str, preset: str | None, changes: Mapping[str, Any], scale: float
) -> ModelConfig:
    """The settings of a trial, with everything that is counted in iterations multiplied by a scale, to at least 1.

    What is 0 or None, such as the rise of a weight that is constant, stays so.
    """
    cfg = resolve(config, dataset, preset, changes)
    if scale == 1:
        return cfg
    counted = {name: value for name, value in flat(cfg).items() if value and counts_iterations(name)}
    return build(type(cfg), dict(cfg), {name: max(1, round(value * scale)) for name, value in counted.items()})
