"""Opening a source: whatever a user names or holds, as something that can be scored on a data set."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import inspect
import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from disentangle_eval.errors import UsageError, describe, did_you_mean
from disentangle_eval.opening import (
    OpenedSubject,
    Origin,
    add_validation,
    keep_origin,
    open_dataset,
    open_dataset_for,
    open_model,
    open_subject,
    origin_of,
    refuse_other_shape,
    restore_model,
)
from disentangle_eval.runtime.files import with_home
from disentangle_eval.sources.kinds import HUB, kind_of, python_name_advice
from disentangle_eval.sources.published import published_checkpoint
from disentangle_eval.sources.settings import (
    SourceName,
    given,
    parse_source,
    source_settings,
    written_source,
)

if TYPE_CHECKING:
    import torch

    from disentangle_eval.api import Dataset
    from disentangle_eval.checkpoint import Checkpoint
    from disentangle_eval.scoring.measurements import Measurement
    from disentangle_eval.sources.adapters import ForeignModel

_LOG = logging.getLogger("disentangle_eval")

# How many names of a module an error lists.
MOST_LISTED = 10

_ABSENT: Any = object()

WEIGHTS = (
    "export the network with torch.export or torch.jit, or write a function that builds it and loads them, and name it "
    "as module:function"
)


@dataclass(frozen=True)
class Source:
    """What was opened: a model or a table, and what results say of it.

    `origin` is the checkpoint of a model of the project.
    """

    name: str
    about: Mapping[str, Any]
    model: Any = None
    table: Mapping[str, np.ndarray] | None = None
    origin: Origin | None = None

    @property
    def trained_on(self) -> str | None:
        """The name of the data set a checkpoint was trained on."""
        return str(self.origin.checkpoint.data["dataset"]) if self.origin else None


def open_source(source: Any, device: str = "auto", **settings: Any) -> Source:
    """Open a source: a path or name with settings (`enc.pt2?range=-1,1`), a module, a callable, or a model.

    `settings` are added to those in the text. `UsageError` where there is nothing of that name, or it cannot be scored.
    """
    if not isinstance(source, (str, os.PathLike)):
        return _open_object(source, settings, device)
    written = parse_source(os.fspath(source))
    if settings:
        together = source_settings({**given(written.settings), **settings})
        written = SourceName(written_source(written.place, together), written.place, together)
    kind = kind_of(written.place)
    if kind == "checkpoint":
        if given(written.settings):
            raise UsageError(
                "source",
                received=repr(written.text),
                expected=f"{written.place!r} without settings, since its checkpoint says how images look",
            )
        opened = open_model(with_home(written.place), device)
        return Source(str(opened.origin.path), opened.origin.about, opened.model, origin=opened.origin)
    if kind == "weights":
        raise UsageError(f"source {written.place!r} holds weights without their network", advice=WEIGHTS)
    if kind == "table":
        return _open_table(written)
    if kind == "program":
        return _open_program(written, device)
    opener: Callable[[SourceName, str], Source] = _open_hub if kind == "hub" else _open_callable
    return opener(written, device)


def open_samples(name: str, data_dir: Path | None, device: str) -> Source:
    """Finished images, named as a data set is: what a generator elsewhere made."""
    from disentangle_eval.runtime.devices import choose_device
    from disentangle_eval.sources.adapters import FinishedImages

    data = open_dataset(name, data_dir)
    about = {"model": data.name, "source": name, "checkpoint_sha256": data.sha256}
    return Source(name, about, FinishedImages(data, choose_device(device)))


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
        raise UsageError(
            source.name,
            received="no data set to score it on",
            expected="one, such as dsprites",
            advice="add --dataset dsprites, or from Python give its name after the model",
        )
    refuse_other_size(source, data)
    kept = None
    if _is_foreign(source.model):
        data = _checked(source.model, data)
        kept = _kept_codes(source, data)
    return open_subject(source.model, data, source.origin, name=source.name, about=source.about, kept=kept)


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
    from disentangle_eval.metrics.code_file import code_table
    from disentangle_eval.sources.tables import KNOWN, table_on

    if data is not None:
        of_data = {"dataset": data.name, "dataset_sha256": data.sha256}
        return OpenedSubject(source.name, table_on(dict(arrays), data, source.name), {**source.about, **of_data})
    if not set(KNOWN) & set(arrays):
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


def _open_table(written: SourceName) -> Source:
    from disentangle_eval.runtime.files import sha256
    from disentangle_eval.sources.tables import read_table

    if given(written.settings):
        raise UsageError("source", received=repr(written.text), expected="a table without settings")
    path = with_home(written.place)
    about = {"codes": written.place, "codes_sha256": sha256(path)}
    return Source(written.place, about, table=read_table(path))


def _open_program(written: SourceName, device: str) -> Source:
    from disentangle_eval.runtime.devices import choose_device, use_exact_kernels
    from disentangle_eval.runtime.programs import load_program, program_kind

    path = with_home(written.place)
    contents = path.read_bytes()
    kind = program_kind(contents)
    assert kind is not None
    chosen = choose_device(device)
    use_exact_kernels(chosen)
    program = load_program("source", path, contents, kind, chosen)
    about = {
        "model": path.name,
        "source": written.text,
        "checkpoint": path.name,
        "checkpoint_sha256": program.sha256,
    }
    return Source(written.text, about, _adapted(program.compute, about, written, chosen))


def _open_callable(written: SourceName, device: str) -> Source:
    """`module:attribute` of the working folder: a callable on tensors, or what builds one without arguments."""
    module, _, attribute = written.place.partition(":")
    folder = str(Path.cwd())
    _LOG.info("source: running %s of the working folder", written.place)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        found = importlib.import_module(module)
        for part in attribute.split("."):
            owner, found = found, getattr(found, part, _ABSENT)
            if found is _ABSENT:
                break
    except Exception as error:  # a module of the user's may raise anything
        raise UsageError(
            f"source {written.place!r} cannot be imported ({describe(error)})",
            expected="module:callable, of a module in the working folder",
            advice=python_name_advice(written.place),
        ) from error
    if found is _ABSENT:
        raise _without_name(written.place, owner, part)
    opened = _open_object(found, given(written.settings), device)
    about = {"model": written.place, "source": written.text}
    if _is_foreign(opened.model):
        opened.model.about = about
    return replace(opened, name=written.text, about=about)


def _without_name(place: str, owner: Any, name: str) -> UsageError:
    """The error for a name that a module or class does not have, with the nearest of its callables, or with some."""
    public = [known for known in dir(owner) if not known.startswith("_")]
    callables = [known for known in public if callable(inspect.getattr_static(owner, known, None))]
    listed = ", ".join(callables[:MOST_LISTED]) + (", ..." if len(callables) > MOST_LISTED else "")
    near = did_you_mean(name, callables)
    return UsageError(
        f"source {place!r}",
        received=f"{name!r}, which {getattr(owner, '__name__', type(owner).__name__)} does not have",
        expected="" if near else f"one of its callables: {listed or 'none'}",
        advice=near,
    )


def _open_hub(written: SourceName, device: str) -> Source:
    """A model of the Hugging Face hub, or in a local folder, by its pooled features."""
    name = written.place.removeprefix(HUB)
    if published := published_checkpoint(name):
        return _open_published(written, *published, device)
    if importlib.util.find_spec("transformers") is None:
        raise UsageError(
            f"source {written.place!r}",
            received="no model there of `deval export --push`, and no transformers, which loads others",
            expected="a model that can be read",
            advice="check the name and the network, or pip install transformers",
        )
    from disentangle_eval.runtime.devices import choose_device
    from disentangle_eval.sources.hub import load_hub_model

    _LOG.info("source: loading %s", written.place)
    chosen = choose_device(device)
    compute, defaults = load_hub_model(name)
    about = {"model": written.place, "source": written.text}
    known = replace(written, settings=source_settings({**defaults, **given(written.settings)}))
    return Source(written.text, about, _adapted(compute, about, known, chosen))


def _open_published(written: SourceName, checkpoint: Checkpoint, weights: Path, device: str) -> Source:
    """A model that `deval export --push` has put on the hub, or in a local folder of its export."""
    from disentangle_eval.runtime.devices import choose_device, place, use_exact_kernels
    from disentangle_eval.runtime.files import sha256

    if given(written.settings):
        raise UsageError("source", received=repr(written.text), expected=f"{written.place!r} without settings")
    chosen = choose_device(device)
    use_exact_kernels(chosen)
    model = place(restore_model(checkpoint), chosen)
    origin = Origin(replace(checkpoint, weights={}), weights, sha256(weights))
    keep_origin(model, origin)
    return Source(written.place, {**origin.about, "source": written.place}, model, origin=origin)


def _open_object(source: Any, settings: Mapping[str, Any], device: str) -> Source:
    """A model of the project, a module or a callable that is there already."""
    from torch import nn

    from disentangle_eval.api import Encoder, Generator
    from disentangle_eval.runtime.devices import choose_device

    if _builds(source):
        source = _built(source)
    name = _name_of(source)
    owner = source if isinstance(source, nn.Module) else getattr(source, "__self__", None)
    known = next((tensor.device for tensor in owner.parameters()), None) if isinstance(owner, nn.Module) else None
    if known is not None and device != "auto" and choose_device(device).type != known.type:
        advice = f"move the model first, such as model.to({device!r})"
        raise UsageError("device", received=repr(device), expected=f"{known}, where the model is", advice=advice)
    origin = origin_of(source) if isinstance(source, nn.Module) else None
    if _is_foreign(source) or isinstance(source, (Encoder, Generator)):
        if settings:
            raise UsageError(
                name, received=f"settings {', '.join(settings)}", expected="none with a model that has `code`"
            )
        called = str(getattr(source, "name", name))
        about = origin.about if origin else source.about if _is_foreign(source) else {"model": called}
        return Source(str(origin.path) if origin else called, about, source, origin=origin)
    if not callable(source):
        expected = "a path or name, a model, a callable on tensors, or codes"
        raise UsageError("source", received=f"an object of type {type(source).__name__}", expected=expected)
    chosen = known or choose_device("cpu" if device == "auto" else device)
    looks = source_settings(dict(settings))
    written = SourceName(written_source(name, looks), name, looks)
    about = {"model": name, **({"source": written.text} if settings else {})}
    return Source(name, about, _adapted(source, about, written, chosen))


def _builds(source: Any) -> bool:
    """Whether a source makes what is scored: a class of modules, partial or not, or what works without arguments.

    A model does not, and neither does what needs an argument or takes any number of them: those may be images.
    """
    from torch import nn

    from disentangle_eval.api import Encoder, Generator

    whole = _without_arguments(source)
    if isinstance(whole, type):
        return issubclass(whole, nn.Module) or _needs_nothing(source)
    return callable(source) and not isinstance(source, (nn.Module, Encoder, Generator)) and _needs_nothing(source)


def _needs_nothing(function: Callable[..., Any]) -> bool:
    """Whether a callable works without arguments and is none of any number of arguments."""
    try:
        arguments = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # a function of another language has no signature
        return False
    return all(
        argument.kind is not argument.VAR_POSITIONAL
        and (argument.kind is argument.VAR_KEYWORD or argument.default is not argument.empty)
        for argument in arguments
    )


def _without_arguments(source: Any) -> Any:
    """What a partial has arguments for, and everything else as it is."""
    return _without_arguments(source.func) if isinstance(source, functools.partial) else source


def _name_of(source: Any) -> str:
    """The name of a class or function, partial or not, or that of the class of anything else."""
    whole = _without_arguments(source)
    return str(getattr(whole, "__name__", type(whole).__name__))


def _built(source: Callable[[], Any]) -> Any:
    """What a class or a callable without required arguments makes; `UsageError` where it fails."""
    name = _name_of(source)
    _LOG.info("source: building %s; its weights are those that it sets or loads", name)
    try:
        return source()
    except Exception as error:  # code of the user's may raise anything
        raise UsageError(
            f"source {name!r} cannot be built ({describe(error)})",
            expected="a class or callable that works without arguments, or an encoder that requires one, the images",
            advice="write a function without arguments that builds the network and loads its weights, and name that",
        ) from error


def _adapted(
    compute: Callable[..., Any], about: Mapping[str, Any], written: SourceName, device: torch.device
) -> ForeignModel:
    from disentangle_eval.sources.adapters import ForeignEncoder, ForeignGenerator

    kind = ForeignGenerator if written.settings.role == "generator" else ForeignEncoder
    model = kind(compute, written.text, written.settings, about)
    return model.to(device).eval()


def _is_foreign(model: Any) -> bool:
    adapters = sys.modules.get("disentangle_eval.sources.adapters")
    return adapters is not None and isinstance(model, adapters.ForeignModel)
