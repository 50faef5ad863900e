"""Sources on data sets: subjects that metrics score, checked before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from disentangle_eval.errors import UsageError
from disentangle_eval.opening.datasets import open_dataset, open_dataset_for, refuse_other_shape
from disentangle_eval.opening.subjects import OpenedSubject, add_validation, open_subject
from disentangle_eval.sources.source import Source, is_foreign

if TYPE_CHECKING:
    from disentangle_eval.api import Dataset
    from disentangle_eval.scoring.measurements import Measurement
    from disentangle_eval.sources.adapters import ForeignModel


def subjects_for(
    source: Source, measurements: Sequence[Measurement], data: Dataset | str | None, data_dir: Path | None
) -> list[OpenedSubject]:
    """For each measurement, the source on a data set or its name; each data set is opened and checked once.

    Without one, a checkpoint is scored on what it was trained on, or on its test set by metrics that need labels.
    """
    from disentangle_eval.scoring.data_sets import scored_on, validated_on

    if any(measurement.batch_statistics == "clean" for measurement in measurements):
        from disentangle_eval.calibration import calibrated

        model, origin = calibrated(source.model, source.origin, data_dir)
        source = replace(source, model=model, origin=origin, about={**source.about, **origin.about})
    subjects: dict[str, OpenedSubject] = {}

    def subject(measurement: Measurement) -> OpenedSubject:
        on = scored_on(measurement, source.trained_on) if data is None and source.trained_on else data
        name = on if isinstance(on, str) else ""
        subjects[name] = subjects.get(name) or subject_for(source, on, data_dir)
        if source.origin and source.trained_on and (held_back := validated_on(measurement, source.trained_on)):
            add_validation(subjects[name], source.model, source.origin, held_back, data_dir)
        return subjects[name]

    return [subject(measurement) for measurement in measurements]


def subject_for(source: Source, data: Dataset | str | None, data_dir: Path | None) -> OpenedSubject:
    """A source on a data set, after a first batch has shown that its scores would mean something.

    Without a data set, a checkpoint on what it was trained on, or a table that brings its own factors or labels.
    `UsageError` where there is neither, and where the images have another shape than a checkpoint was trained on.
    """
    data = source.trained_on if data is None else data
    if isinstance(data, str):
        of = source.origin
        data = open_dataset_for(of, data, data_dir) if of else open_dataset(data, data_dir)
    elif data is not None and not hasattr(data, "images"):
        raise UsageError(
            "data",
            received=type(data).__name__,
            expected="the name of a data set, or what de.load_dataset returns",
            advice="write arrays of your own with np.savez and name them npz:FILE.npz",
        )
    elif data is not None and source.origin is not None:
        refuse_other_shape(source.origin, data, repr(data.name), "choose another data set")
    if source.table is not None:
        return _table_subject(source, source.table, data)
    if data is None:
        raise without_data(source.name)
    refuse_other_size(source, data)
    kept = None
    if is_foreign(source.model):
        data = _checked(source.model, data)
        kept = _kept_codes(source, data)
    return open_subject(source.model, data, source.origin, name=source.name, about=source.about, kept=kept)


def without_data(name: str) -> UsageError:
    """The error about a source that was trained elsewhere and comes without a data set."""
    return UsageError(
        name,
        received="no data set to score it on",
        expected="one, such as dsprites",
        advice="add --dataset dsprites, or from Python give its name after the model",
    )


def refuse_other_size(source: Source, data: Dataset) -> None:
    """`UsageError` for finished images of another height or width than those that they are compared with."""
    from disentangle_eval.sources.adapters import FinishedImages

    if not isinstance(source.model, FinishedImages):
        return
    made, real = source.model.finished.shape, data.shape
    if (made.height, made.width) != (real.height, real.width):
        raise UsageError(
            "--samples",
            received=f"{source.name!r} of {made.height} x {made.width} pixels and {data.name} of "
            f"{real.height} x {real.width}",
            expected="images of one size, since scores depend on it",
            advice=f"give both one size, such as 'images:FOLDER?size={real.height}'",
        )


def _checked(model: ForeignModel, data: Dataset) -> Dataset:
    from disentangle_eval.metrics.toolbox.encoding import device_of
    from disentangle_eval.sources.adapters import ForeignEncoder, ForeignGenerator
    from disentangle_eval.sources.checking import check_encoder, check_generator

    device = device_of(model)
    data = data.to(device)
    if isinstance(model, ForeignEncoder):
        check_encoder(model, data)
    elif isinstance(model, ForeignGenerator):
        check_generator(model, data, device)
    return data


def _kept_codes(source: Source, data: Dataset) -> Any:
    from disentangle_eval.metrics.toolbox.encoding import device_of
    from disentangle_eval.runtime.versions import versions
    from disentangle_eval.sources.kept_codes import KeptCodes

    program = source.about.get("checkpoint_sha256")
    if program is None or source.model.settings.role != "encoder":
        return None
    return KeptCodes(
        {
            "source": program,
            "settings": source.model.settings.model_dump(mode="json"),
            "dataset": data.name,
            "dataset_sha256": data.sha256,
            "device": device_of(source.model).type,
            "versions": versions(),
        }
    )


def _table_subject(source: Source, arrays: Mapping[str, np.ndarray], data: Dataset | None) -> OpenedSubject:
    from disentangle_eval.metrics.code_arrays import MEANING, code_table
    from disentangle_eval.sources.tables import table_on

    if data is not None:
        of_data = {"dataset": data.name, "dataset_sha256": data.sha256}
        return OpenedSubject(source.name, table_on(dict(arrays), data, source.name), {**source.about, **of_data})
    if not set(MEANING) & set(arrays):
        raise UsageError(
            f"{source.name} holds codes alone",
            received="no data set",
            expected="the data set whose images they are of, in its order, such as dsprites",
            advice="add --dataset dsprites, or from Python give its name after the codes",
        )
    try:
        return OpenedSubject(source.name, code_table(arrays), source.about)
    except UsageError as error:
        raise error.inside(source.name) from None
