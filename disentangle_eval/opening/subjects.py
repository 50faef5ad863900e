"""Models on data sets, as metrics score them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from disentangle_eval.opening.datasets import open_dataset_for
from disentangle_eval.opening.origins import Origin, find_run
from disentangle_eval.training.folder import RunFolder

if TYPE_CHECKING:
    from disentangle_eval.api import Dataset, Subject
    from disentangle_eval.metrics.subject import KeptCodes


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
