"""What could stop a study, found before it starts, and how much work it is."""

from __future__ import annotations

import functools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from disentangle_eval.config import ModelConfig, build
from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.registry.lookup import load_registry
from disentangle_eval.study.collecting import collecting
from disentangle_eval.study.design import Study, Trial

if TYPE_CHECKING:
    from disentangle_eval.api import Dataset, Model
    from disentangle_eval.training.precision import Precision

# Enough to measure the speed of training, after one iteration that is not counted.
MEASURED_ITERATIONS = 5


@dataclass(frozen=True, kw_only=True)
class Work:
    """The trials of one setting: how many, of how many parameters and iterations, and how fast one is here."""

    title: str
    trials: int
    parameters: int
    iterations: int
    iterations_per_second: float

    @property
    def hours(self) -> float:
        """Hours of training of all its trials, one after the other."""
        return self.trials * self.iterations / self.iterations_per_second / 3600


def check(study: Study, data_dir: Path | None) -> list[DevalError]:
    """Everything that would stop a trial: missing data or weights, impossible sizes, metrics a model cannot serve."""
    errors: list[DevalError] = []
    for features in feature_extractors(study):
        collecting(errors, open_extractor, features)
    datasets: dict[str, Dataset | None] = {}
    for trials in settings_of(study):
        trial = trials[0]
        data = opened(trial.dataset, data_dir, datasets, errors)
        if data is None:
            continue
        model = collecting(errors, built, trial, data)
        if model is not None:
            errors += unserved(trial, model, data, data_dir, datasets, errors)
    return list({str(error): error for error in errors}.values())


def feature_extractors(study: Study) -> set[str | None]:
    """The feature extractors of the metrics of a study."""
    from disentangle_eval.metrics.images.config import FeatureConfig
    from disentangle_eval.scoring.measurements import plan_of

    settings = [plan_of(metric).cfg for metric in study.settings.metrics]
    return {cfg.features for cfg in settings if isinstance(cfg, FeatureConfig)}


def open_extractor(features: str | None) -> None:
    """`UsageError` where the weights of a feature extractor are not there."""
    import torch

    from disentangle_eval.metrics.images.feature_extractor import load_extractor

    load_extractor(features, torch.device("cpu"))


def unserved(
    trial: Trial,
    model: Model[Any],
    data: Dataset,
    data_dir: Path | None,
    datasets: dict[str, Dataset | None],
    errors: list[DevalError],
) -> list[DevalError]:
    """An error for every metric that needs what the trial's model or data do not offer."""
    from disentangle_eval.opening.subjects import open_subject
    from disentangle_eval.scoring.data_sets import scored_on, validated_on
    from disentangle_eval.scoring.measurements import plan_of
    from disentangle_eval.scoring.needs import unmet

    found: list[DevalError] = []
    if trial.batch_statistics == "clean":
        collecting(found, refuse_without_batch_statistics, trial, model, data)
    for metric in trial.metrics:
        measurement = plan_of(metric)
        scored = scored_on(measurement, trial.dataset)
        on = data if scored == trial.dataset else opened(scored, data_dir, datasets, errors)
        if on is None:
            continue
        subject = open_subject(model, on, None).subject
        if held_back := validated_on(measurement, trial.dataset):
            images = opened(held_back, data_dir, datasets, errors)
            subject.validation = None if images is None else open_subject(model, images, None).subject
        if missing := unmet(measurement, subject.offered):
            lack = f"{', '.join(missing)}, which {trial.model!r} on {trial.dataset!r} does not offer"
            found.append(UsageError(f"metric {metric!r} needs {lack}", advice="leave it out, or see `deval metrics`"))
    return found


def refuse_without_batch_statistics(trial: Trial, model: Model[Any], data: Dataset) -> None:
    """`UsageError` where the encoder of a trial's model has no batch statistics that clean images could estimate."""
    import torch

    from disentangle_eval.api import Encoder
    from disentangle_eval.nn.calibrating import calibrate_batch_statistics

    images = data.images(torch.arange(2))
    if not (isinstance(model, Encoder) and calibrate_batch_statistics(model, [images])):
        raise UsageError(
            "batch_statistics",
            received=f"'clean' for {trial.model!r}, which has no batch normalisation in an encoder",
            expected="'running', or models that have it",
        )


def opened(
    name: str, data_dir: Path | None, datasets: dict[str, Dataset | None], errors: list[DevalError]
) -> Dataset | None:
    """A data set, opened once; None where it cannot be, which joins the errors."""
    from disentangle_eval.opening.datasets import open_dataset

    if name not in datasets:
        datasets[name] = collecting(errors, open_dataset, name, data_dir)
    return datasets[name]


def built(trial: Trial, data: Dataset) -> Model[Any]:
    """The model of a trial, freshly initialised."""
    from disentangle_eval.opening.models import build_model

    registry = load_registry()
    registered = registry.find_model(trial.model)
    return build_model(registry.resolve(registered, "target"), config_of(trial), data.shape, trial.seed)


def config_of(trial: Trial) -> ModelConfig:
    """All settings of a trial's model."""
    registry = load_registry()
    config: type[ModelConfig] = registry.resolve(registry.find_model(trial.model), "config")
    return build(config, trial.config)


def settings_of(study: Study) -> Iterator[list[Trial]]:
    """The trials of a study by setting: those of one list differ in their seed alone."""
    groups: dict[str, list[Trial]] = {}
    for trial in study.trials:
        groups.setdefault(trial.setting, []).append(trial)
    yield from groups.values()


def estimate(study: Study, data_dir: Path | None) -> list[Work]:
    """The work of a study, by the speed of a few iterations of each setting on one CPU thread of this machine."""
    import torch

    from disentangle_eval.opening.datasets import open_dataset
    from disentangle_eval.training.training import Training

    torch.set_num_threads(1)
    open_once = functools.cache(functools.partial(open_dataset, data_dir=data_dir))
    rows = []
    for trials in settings_of(study):
        trial = trials[0]
        data = open_once(trial.dataset)
        model = built(trial, data)
        precision: Precision = "bf16" if trial.run["precision"] == "bf16" else "float32"  # a CPU has no tf32
        training = Training(model, data, config_of(trial), trial.seed, torch.device("cpu"), precision=precision)
        training.advance(1)
        start = time.perf_counter()
        training.advance(MEASURED_ITERATIONS)
        seconds = time.perf_counter() - start
        training.close()
        rows.append(
            Work(
                title=trial.title.rpartition(" seed ")[0],
                trials=len(trials),
                parameters=sum(parameter.numel() for parameter in model.parameters()),
                iterations=int(trial.config["iterations"]),
                iterations_per_second=MEASURED_ITERATIONS / seconds,
            )
        )
    return rows
