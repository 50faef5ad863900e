"""The Python interface, `import disentangle_eval as de`. The command line calls it.

Nothing here needs torch until a function that computes is called.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from disentangle_eval.config import preset_records, settings_of
from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.registry.lookup import Registered, load_registry
from disentangle_eval.registry.specs import MetricSpec, ModelSpec, Spec
from disentangle_eval.training.folder import RunFolder

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

    from disentangle_eval.api import Dataset
    from disentangle_eval.api.abilities import AnyModel
    from disentangle_eval.results import Result
    from disentangle_eval.scoring import Measurement
    from disentangle_eval.sources.opened import Source
    from disentangle_eval.study.comparing import Comparison

PathLike = str | os.PathLike[str]
Record = dict[str, Any]

# ------------------------------------------------------------ what is installed


def list_models() -> list[Record]:
    """The models that can be trained, one record per model.

    `presets` lists a model's named settings, the default first, each with a note on its values and the data sets it has
    values for ("*" for any); it is None where the settings cannot be imported.

    Example::

        [model["name"] for model in de.list_models()]
    """
    return [{**_fields(model), "presets": _presets(model)} for _, model in sorted(load_registry().models.items())]


def list_datasets(data_dir: PathLike | None = None) -> list[Record]:
    """The data sets that can be trained and scored on, one record per data set.

    `state` is "here" (its files are), "drawn here" (it needs none), "missing" some files, which the list `missing`
    names, "your own" (write NAME:PATH) or "unknown". Files are read from `data_dir`, by default from the folder that
    `DEVAL_DATA` names.

    Example::

        [data["name"] for data in de.list_datasets() if data["state"] in ("here", "drawn here")]
    """
    from disentangle_eval.data.files.locations import data_folder
    from disentangle_eval.data.files.presence import presence

    folder = data_folder(_path(data_dir))
    found = [(data, presence(data.spec, folder)) for _, data in sorted(load_registry().datasets.items())]
    return [
        {**_fields(data), "state": there.state, "missing": [file.path for file in there.missing]}
        for data, there in found
    ]


def list_metrics() -> list[Record]:
    """The metrics that can be scored, one record per metric.

    `needs` lists what a metric needs of what it scores, `protocols` its named settings, the default first; it is None
    where the settings cannot be imported.

    Example::

        [metric["name"] for metric in de.list_metrics() if "grid" in metric["needs"]]
    """
    return [
        {**_fields(metric), "protocols": _protocols(metric)} for _, metric in sorted(load_registry().metrics.items())
    ]


def _fields(registered: Registered[Spec]) -> Record:
    spec = asdict(registered.spec)
    return {
        **{name: sorted(value) if isinstance(value, frozenset) else value for name, value in spec.items()},
        "distribution": registered.distribution,
        "distribution_version": registered.distribution_version,
    }


def _presets(model: Registered[ModelSpec]) -> list[Record] | None:
    try:
        return preset_records(load_registry().resolve(model, "config"))
    except (DevalError, AttributeError, TypeError):
        return None


def _protocols(metric: Registered[MetricSpec]) -> list[str] | None:
    try:
        return list(load_registry().resolve(metric, "config").protocols)
    except (DevalError, AttributeError, TypeError):
        return None


# ------------------------------------------------------------ data sets, models and runs


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
    from disentangle_eval.opening import open_dataset

    data: Dataset = indexed(open_dataset(name, _path(data_dir)))
    return data


def load_model(source: Any, device: str = "auto", **settings: Any) -> AnyModel:
    """The model of a checkpoint file, a run folder (its newest checkpoint) or any other source, in eval mode.

    `source` is a path or name, as in `deval score`: a checkpoint or run; an exported program (.pt2), TorchScript or
    ONNX; "module:callable" of the working folder; "hf:NAME"; or a module or callable on tensors. `settings`, or what
    follows a `?` in its text, describe the images that a foreign network expects and what it returns: `range=(-1, 1)`,
    `channels=3`, `size=224`, `mean`, `std`, `output`, `classes`, `softmax`, `role="generator"`, `prior="normal:10"`.
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

    opened = open_source(_place(source), device, **settings)
    if opened.table is not None:
        raise UsageError("model", received=f"{opened.name!r}, a table of codes", expected="a model")
    model: AnyModel = opened.model
    return model


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
    from disentangle_eval.running import train_plans
    from disentangle_eval.training.planning import plan_run

    resume = bool(resume) if resume is None or isinstance(resume, int) else resume
    given = {"dataset": dataset, "preset": preset, "seed": seed, "iterations": iterations, "device": device, **settings}
    given = {name: value for name, value in given.items() if value is not None}
    folder = _folder_to_train(model, given, out, resume)
    if model is None:
        model = str(RunFolder(folder).read_run()["model"])
    _refuse_unknown(model, given)
    plan = plan_run(model, given, folder, resume=resume is not False)
    (run,) = train_plans([plan], _path(data_dir), _call(model, given), progress=progress)
    return TrainedRun(run.folder.root)


def _folder_to_train(
    model: str | None, given: Mapping[str, Any], out: PathLike | None, resume: bool | PathLike
) -> Path:
    """The folder of a run to start or to resume, or of the checkpoint that `resume` names."""
    from disentangle_eval.training.planning import default_folder, next_free_folder

    if not isinstance(resume, bool):
        if out is not None:
            raise UsageError("resume", received=f"{str(resume)!r} and out={str(out)!r}", expected="one folder")
        run = Path(resume).expanduser()
        return run.parent if run.is_file() else run
    if out is not None and (resume or model is not None):
        return Path(out).expanduser()
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
            near = difflib.get_close_matches(name, known, n=1)
            raise UsageError(
                f"{name}: unknown setting of {model!r}",
                expected=f"one of: {', '.join(known)}",
                advice=f"did you mean {near[0]!r}?" if near else "",
            )


def _call(model: str, given: Mapping[str, Any]) -> str:
    """The call as it could be typed, for run.json."""
    arguments = [repr(model), *(f"{name}={value!r}" for name, value in given.items())]
    return f"disentangle_eval.train({', '.join(arguments)})"


def load_run(folder: PathLike) -> TrainedRun:
    """The run in a folder, as `train` returned it.

    Raises `UsageError` where the folder holds no run.

    Example::

        run = de.load_run("runs/vae-dsprites-seed0")
        run.log[-1]
    """
    run = TrainedRun(Path(folder).expanduser())
    if not RunFolder(run.folder).run_file.is_file():
        raise UsageError("run", received=f"{str(folder)!r}, which holds no run", expected="a folder of `deval train`")
    return run


@dataclass(frozen=True)
class TrainedRun:
    """A training run by its folder, which holds everything that is known of it.

    Example::

        run = de.train("vae", "dsprites", iterations=1000)
        run.model().generate(z)
        run.score(metrics="mig")
    """

    folder: Path

    @property
    def checkpoint(self) -> Path:
        """The newest checkpoint file."""
        return RunFolder(self.folder).checkpoint

    @property
    def description(self) -> Record:
        """The contents of run.json: model, config, settings, data, hardware and versions."""
        return RunFolder(self.folder).read_run()

    @property
    def log(self) -> list[Record]:
        """The lines of the log, one record per window: `iteration` and the mean of each term."""
        from disentangle_eval.runtime.json_lines import read_lines

        return read_lines(RunFolder(self.folder).log).records

    @property
    def results(self) -> list[Record]:
        """The scores of the run's models, as `load_results` returns them."""
        return load_results(self.folder) if RunFolder(self.folder).results.is_file() else []

    def model(self, device: str = "auto") -> AnyModel:
        """The model of the newest checkpoint, see `load_model`."""
        return load_model(self.folder, device)

    def score(self, dataset: Dataset | str | None = None, **options: Any) -> dict[str, Result]:
        """The scores of the newest checkpoint, see `score`."""
        return score(self, dataset, **options)

    def picture(self, kind: str) -> Image:
        """The newest picture of a kind, such as "samples", "traversal", "losses" or "scores"; a notebook shows it.

        Raises `UsageError` for a kind that the run has no picture of.
        """
        from PIL import Image

        found: dict[str, Path] = {}
        for path in sorted(RunFolder(self.folder).pictures.glob("*.png")):
            found[path.stem.rstrip("0123456789").rstrip("-")] = path
        if kind not in found:
            raise UsageError("picture", received=repr(kind), expected=f"one of: {', '.join(found) or 'none yet'}")
        with Image.open(found[kind]) as picture:
            return picture.copy()


# ------------------------------------------------------------ codes and scores


def encode(
    model: Any,
    data: Dataset | str | None = None,
    *,
    data_dir: PathLike | None = None,
    device: str = "auto",
    progress: bool = False,
) -> dict[str, np.ndarray]:
    """The codes of every image of a data set with what is known of the images, as arrays by name.

    `model` is a run or any source that `load_model` takes; `data` is by default what it was trained on. The arrays are
    `codes` (N, K) float32 in the order of the images; `factor_sizes` (F,) where the images are a full grid
    in which the last factor varies fastest, else `factors` (N, F), the classes of each image; `factor_names` (F,);
    `labels` (N,); and `code_classes` (K,), the number of classes of a categorical column and 0 for a column of real
    numbers. `score` takes them, and `deval score --codes` reads them from an `.npz` file.

    With `progress` a terminal shows a bar with the time left.

    Raises `UsageError` for a model without an encoder and for a data set whose images have another shape.

    Example::

        table = de.encode(model, "dsprites")
        np.savez("codes.npz", **table)
        de.score(**table, metrics="mig")
    """
    from disentangle_eval.metrics.code_file import code_arrays
    from disentangle_eval.runtime.progress_bar import shown_progress
    from disentangle_eval.sources.opened import open_source, subject_for

    on = subject_for(open_source(_place(model), device), data, _path(data_dir))
    if "encoder" not in on.subject.offered:
        raise UsageError(f"{on.name}: no encoder", expected="a model with `code` and `encode`")
    with shown_progress(progress):
        return code_arrays(on.subject)


def score(
    subject: Any = None,
    on: Any = None,
    /,
    *,
    metrics: str | Sequence[str] = "all",
    protocol: str | None = None,
    seed: int = 0,
    again: bool = False,
    data_dir: PathLike | None = None,
    device: str = "auto",
    codes: Any = None,
    factors: Any = None,
    factor_sizes: Sequence[int] | None = None,
    factor_names: Sequence[str] | None = None,
    factor_bins: int | None = None,
    code_classes: Sequence[int] | None = None,
    labels: Any = None,
    log_variance: Any = None,
    progress: bool = False,
    **settings: Any,
) -> dict[str, Result]:
    """The scores of a model on a data set, or of a table of codes, by the name of the metric.

    `score(model, data)`: a model, a run, or any source that `load_model` takes, on a data set or its name; by default
    on the data set of its training, or the test set of that for a metric that needs labels. Scores of a model from a
    run are added to that run's results.jsonl; a score that is there under the same settings, checkpoint, data and seed
    is returned as it is, unless `again`. A foreign network is first tested on a few images: one whose codes are
    constant, random or dependent on the other images of a batch is refused. The path of a table (.npz, .npy, .csv,
    .parquet, .h5) means codes in the order of the data set's images.

    `score(codes, data)`: codes (N, K) of all images of a data set, in its order.

    `score(codes, factors)`: `codes` (N, K) real numbers, numpy or torch. Their ground truth is one of `factors` (N, F),
    the factor values of each row, which `factor_bins` divides into classes if they are real numbers; `factor_sizes`
    (F,), for one row per combination of factors in grid order, the last factor fastest; or `labels` (N,) integers.
    `code_classes` (K,) is the number of classes of a column of class indices, otherwise 0. `log_variance` (N, K)
    belongs to normal posteriors whose means are the codes.

    `metrics` is a name or several; "all" means every metric that reads codes alone, does not take minutes and can be
    computed on the data. Each is scored under its default protocol unless `protocol` names another, with `settings`
    changed; `seed` fixes every random draw. If one of several metrics fails, that is a `DevalWarning`. With
    `batch_statistics="clean"` the batch statistics of a checkpoint's model are estimated anew on clean real images of
    the data set it was trained on, as every result reports. With `progress` a terminal shows bars with the time left.

    Raises `UsageError` for an unknown name, for a metric whose needs are not met, and for arrays that do not fit
    together.

    Example::

        de.score(model, "dsprites", metrics=["factorvae", "mig"])["mig"].value
        de.score(codes, factors, metrics="dci")
    """
    from disentangle_eval import scoring
    from disentangle_eval.metrics.arrays import as_array
    from disentangle_eval.runtime.progress_bar import shown_progress
    from disentangle_eval.sources.opened import Source, open_source

    names = (metrics,) if isinstance(metrics, str) else tuple(metrics)
    arrays = {
        "codes": codes,
        "factors": factors,
        "factor_sizes": factor_sizes,
        "factor_names": factor_names,
        "factor_bins": factor_bins,
        "code_classes": code_classes,
        "labels": labels,
        "log_variance": log_variance,
    }
    given = {name: value for name, value in arrays.items() if value is not None}
    keywords = (*arrays, "metrics", "protocol", "seed", "again", "data_dir", "device", "progress")
    protocols = () if protocol is None else (protocol,)
    # Before anything slow: a misspelt metric is refused at once.
    measurements = scoring.plan(names, protocols, settings, keywords)
    with shown_progress(progress):
        if subject is not None and not _is_array(subject):
            if given:
                received = f"{', '.join(given)} with a model"
                raise UsageError("score", received=received, expected="a model and a data set")
            source = open_source(_place(subject), device)
            return _score_source(source, on, _path(data_dir), measurements, seed, again)
        if subject is not None and (isinstance(on, str) or hasattr(on, "images")):
            table = {name: as_array(value, name) for name, value in {**given, "codes": subject}.items()}
            return _score_source(Source("codes", {}, table=table), on, _path(data_dir), measurements, seed, again)
        given |= {name: value for name, value in {"codes": subject, "factors": on}.items() if value is not None}
        if "codes" not in given:
            raise UsageError("score", received="nothing to score", expected="a model and a data set, or codes")
        return scoring.score_table(given, measurements, seed)


def load_results(paths: PathLike | Iterable[PathLike]) -> list[Record]:
    """The scores in result files, run folders or folders with runs below them, one flat record per score.

    A record has the keys of a result line; what is nested there has a dot in its key (`settings.protocol`,
    `details.completeness`, `versions.torch`), as in `pandas.json_normalize`. `file` is the file it is from.
    `pandas.DataFrame` takes the list as it is.

    Raises `UsageError` for a path that holds no results.

    Example::

        pandas.DataFrame(de.load_results("runs")).groupby(["model", "metric"])["value"].mean()
    """
    from disentangle_eval.results import read_results

    given = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    files = dict.fromkeys(file for path in given for file in _result_files(Path(path).expanduser()))
    return [{"file": str(file), **_flat(line)} for file in files for line in read_results(file)]


def _result_files(path: Path) -> list[Path]:
    files = [path] if path.is_file() else sorted(path.rglob(RunFolder(path).results.name))
    if not files:
        expected = "a results.jsonl, a run folder with one, or a folder of such runs"
        raise UsageError("results", received=f"{str(path)!r}, which holds none", expected=expected)
    return files


def _flat(line: Mapping[str, Any]) -> Record:
    record: Record = {}
    for key, value in line.items():
        record |= {f"{key}.{name}": item for name, item in value.items()} if isinstance(value, dict) else {key: value}
    return record


def compare(paths: PathLike | Iterable[PathLike], seed: int = 0) -> Comparison:
    """The newest scores of the runs in or below some folders, next to each other, as `deval compare` prints them.

    `rows` are settings, `columns` scores that may be compared, and `cells[row][column.title]` holds the values by
    training seed with their mean, standard deviation and 95% bootstrap interval, resampled from `seed`. `differences`
    are paired over shared seeds, `correlations` over all runs; `best(score)` names the best setting and run; `to_dict`
    gives plain data.

    Raises `UsageError` for a path without runs and for runs without scores.

    Example::

        comparison = de.compare("runs")
        comparison.to_dict()["rows"]
    """
    from disentangle_eval.study.comparing import compare as compare_runs
    from disentangle_eval.study.runs import find_runs

    given = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    return compare_runs(find_runs(Path(path).expanduser() for path in given), seed)


# ------------------------------------------------------------ what the functions above share


def _path(path: PathLike | None) -> Path | None:
    return None if path is None else Path(path).expanduser()


def _is_array(value: Any) -> bool:
    """Whether a value is numbers rather than a model or the path of one."""
    return isinstance(value, (list, tuple)) or hasattr(value, "__array__")


def _place(source: Any) -> Any:
    """What `open_source` takes: the folder of a run, and anything else as it is."""
    return source.folder if isinstance(source, TrainedRun) else source


def _score_source(
    source: Source,
    data: Dataset | str | None,
    data_dir: Path | None,
    measurements: Sequence[Measurement],
    seed: int,
    again: bool,
) -> dict[str, Result]:
    from disentangle_eval.results import append, recorded_lines
    from disentangle_eval.scoring import can_serve, measure_each
    from disentangle_eval.sources.opened import subjects_for

    subjects = subjects_for(source, measurements, data, data_dir)
    served: dict[str, list[Measurement]] = {}
    by_name = {opened.name: opened for opened in subjects}
    for measurement, opened in zip(measurements, subjects, strict=True):
        if can_serve(measurement, opened.subject, opened.name):
            served.setdefault(opened.name, []).append(measurement)
    results: dict[str, Result] = {}
    for name, group in served.items():
        opened = by_name[name]
        keep = [partial(append, opened.run.results)] if opened.run else []
        recorded = recorded_lines(opened.run.results) if opened.run and not again else []
        results |= measure_each(group, opened.subject, seed, opened.about, name, keep, recorded)
    return results
