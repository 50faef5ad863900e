"""Training a model on a data set, from the arguments of a call to a finished run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from disentangle_eval.config import settings_of
from disentangle_eval.errors import UsageError, did_you_mean
from disentangle_eval.interface.paths import PathLike, expanded
from disentangle_eval.interface.trained_run import TrainedRun
from disentangle_eval.registry.lookup import load_registry
from disentangle_eval.runtime.files import with_home
from disentangle_eval.training.folder import RunFolder


def train(
    model: str | None = None,
    dataset: str | None = None,
    *,
    preset: str | None = None,
    seed: int | None = None,
    out: PathLike | None = None,
    iterations: int | None = None,
    device: str | None = None,
    resume: bool | PathLike | None = False,
    progress: bool = True,
    data_dir: PathLike | None = None,
    **settings: Any,
) -> TrainedRun:
    """Train a model on a data set to its end, and return the run.

    `model` and `dataset` are names, as `list_models` and `list_datasets` list them; without one, the data set is
    dSprites. `seed` is 0 and `device` "auto" unless given. `settings` are all further options
    of `deval train` by their names with underscores: those of the run (`precision`, `threads`, `eager`, `log_every`,
    `checkpoint_every`, `snapshot_every`, `follow`, `patience`) and those of the model (`batch_size`, `lr`, ...);
    settings within settings, such as the option `--encoder-width`, are a mapping: `encoder={"width": 8}`. What is left
    out takes the value published for the data set, or that of the `preset`.

    The run is written to the folder `out`; without one to runs/MODEL-DATASET-seedN, or the first of -2, -3, ... that is
    free. `resume="runs/RUN"` continues the run in that folder, bit for bit and with its own settings, of which only
    `iterations` may change; `resume=True` that in `out`. After an interrupt the iteration is finished and
    the run saved, so that it can be resumed. `progress` shows a bar, or plain lines without a terminal.

    Raises `UsageError` for an unknown model, data set or setting, with the nearest name that exists, and for a value
    out of range; `DevalError` where a loss becomes NaN or the disk is full.

    Example::

        run = de.train("beta-vae", "dsprites", beta=8.0, iterations=10_000)
        run = de.train(resume=run.folder, iterations=20_000)
    """
    from disentangle_eval.running.trained import train_plans
    from disentangle_eval.runtime.threads import threads_kept
    from disentangle_eval.training.planning import model_of, plan_run

    resume = resume if isinstance(resume, (str, os.PathLike)) else bool(resume)
    given = {"dataset": dataset, "preset": preset, "seed": seed, "iterations": iterations, "device": device, **settings}
    given = {name: value for name, value in given.items() if value is not None}
    folder = _folder_to_train(model, given, out, resume)
    if model is None:
        model = model_of(RunFolder(folder))
    _refuse_unknown(model, given)
    plan = plan_run(model, given, folder, resume=resume is not False)
    with threads_kept():
        (run,) = train_plans([plan], expanded(data_dir), _call(model, given), progress=progress)
    return TrainedRun(run.folder.root)


def _folder_to_train(
    model: str | None, given: Mapping[str, Any], out: PathLike | None, resume: bool | PathLike
) -> Path:
    """The folder of a run to start or to resume, or of the checkpoint that `resume` names."""
    from disentangle_eval.training.planning import default_folder, next_free_folder

    if not isinstance(resume, bool):
        if out is not None:
            raise UsageError(
                "resume", received=f"{os.fspath(resume)!r} and out={os.fspath(out)!r}", expected="one folder"
            )
        run = with_home(resume)
        return run.parent if run.is_file() else run
    if out is not None and (resume or model is not None):
        return with_home(out)
    if model is None:
        raise UsageError("model", received="none", expected="the name of a model, or resume=RUN")
    folder = default_folder(model, given.get("dataset", "dsprites"), given.get("seed", 0))
    return folder if resume else next_free_folder(folder)


def _refuse_unknown(model: str, given: Mapping[str, Any]) -> None:
    """`UsageError` for the first setting that neither a run nor the model has, with the nearest one that there is."""
    from disentangle_eval.training.planning import RunSettings
    from disentangle_eval.training.setting_names import refuse_unfit_settings

    registry = load_registry()
    config = registry.resolve(registry.find_model(model), "config")
    refuse_unfit_settings(model, config)
    known = list(dict.fromkeys([*RunSettings.model_fields, *config.model_fields, *settings_of(config)]))
    for name in given:
        if name == "seeds":
            raise UsageError(
                "seeds", received="several seeds", expected="seed=N", advice="train each seed by a call of its own"
            )
        if name not in known:
            raise UsageError(
                f"{name}: unknown setting of {model!r}",
                expected=f"one of: {', '.join(known)}",
                advice=did_you_mean(name, known),
            )


def _call(model: str, given: Mapping[str, Any]) -> str:
    """The call as it could be typed, for run.json."""
    arguments = [repr(model), *(f"{name}={value!r}" for name, value in given.items())]
    return f"disentangle_eval.train({', '.join(arguments)})"
