"""`deval data verify`: whether the files of a data set are the published ones, and what they hold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from disentangle_eval.cli.arguments import data_dir_option
from disentangle_eval.cli.data_spec import data_command, dataset_argument, spec_of
from disentangle_eval.data.files.locations import dataset_folder
from disentangle_eval.data.files.published import check, checksum, find_any
from disentangle_eval.errors import DevalError, one_line
from disentangle_eval.registry.lookup import load_registry
from disentangle_eval.registry.names import parse_dataset
from disentangle_eval.registry.specs import DataFile, DatasetSpec

if TYPE_CHECKING:
    from disentangle_eval.api import Dataset


@click.command()
@dataset_argument
@data_dir_option
def verify(dataset: str, data_dir: Path | None) -> None:
    """Check the files of the data set NAME, read it, and report its contents. Exits with 1 if anything is wrong."""
    from disentangle_eval.opening.datasets import open_dataset

    spec = spec_of(dataset)
    folder = dataset_folder(parse_dataset(dataset), data_dir)
    right = [_file_is_right(file, folder, spec) for file in spec.files]
    if not all(right):
        following = data_command("fetch", dataset.partition("?")[0], data_dir)
        raise DevalError(f"dataset {dataset!r}: files are missing or wrong", advice=f"type: {following}")
    data = open_dataset(dataset, data_dir)
    for what, value in _contents(data):
        _say(what, value)
    if spec.images and not parse_dataset(dataset).settings and len(data) != spec.images:
        raise DevalError(f"dataset {dataset!r}", received=f"{len(data):,} images", expected=f"{spec.images:,}")
    refuse_faults(dataset, data_dir, data)


def refuse_faults(dataset: str, data_dir: Path | None, data: Dataset) -> None:
    """`DevalError` naming the first promise of the plugin interface that a data set breaks, else print its checks."""
    from disentangle_eval.testing.dataset_checks import DATASET_CHECKS, DatasetCandidate
    from disentangle_eval.testing.failure import ConformanceFailure
    from disentangle_eval.testing.verdict import check_name, judge

    registered = load_registry().find_dataset(parse_dataset(dataset).name)
    candidate = DatasetCandidate(registered=registered, entry="", name=dataset, data_dir=data_dir, data=data)
    # What is imported to list it says nothing of the data.
    verdicts = {check_name(check): judge(candidate, check) for check in DATASET_CHECKS[1:]}
    failures = [verdict for verdict in verdicts.values() if isinstance(verdict, ConformanceFailure)]
    if failures:
        raise DevalError(f"dataset {dataset!r}: {failures[0]}")
    _say("checked", ", ".join(name.replace("_", " ") for name, verdict in verdicts.items() if verdict is None))


def _file_is_right(file: DataFile, folder: Path | None, spec: DatasetSpec) -> bool:
    """Print of one file whether it is there and the published one."""
    found = find_any(folder, file)
    if found is None:
        lack = "not there: drawn instead" if spec.drawn else "missing"
        _say("file", f"{file.path}: {lack}")
        return spec.drawn
    path, form = found
    if path.is_dir():
        _say("file", f"{path}: a folder, no checksum is published; its files are read below")
        return True
    try:
        check(path, form)
    except DevalError as error:
        _say("file", str(error.advising("")))
        return False
    except OSError as error:
        _say("file", f"{path}: cannot be read: {error.strerror or error}")
        return False
    size = f"{path.stat().st_size:,} bytes"
    if form.checksum:
        _say("file", f"{path}: {size}, {form.checksum}, as published")
    else:
        _say(
            "file",
            f"{path}: {size}{' as published' if form.size else ''}, no checksum is published; "
            f"{checksum(path, 'sha256')}",
        )
    return True


def _contents(data: Dataset) -> list[tuple[str, str]]:
    """What a data set holds, in words."""
    from disentangle_eval.api import FactorGrid
    from disentangle_eval.data.dataset import labels_of

    found = [("data", data.name), ("images", f"{len(data):,} of {' x '.join(map(str, data.shape))}")]
    found.append(("sha256", data.sha256))
    if data.factors is not None:
        sizes = ", ".join(f"{name} {size}" for name, size in zip(data.factors.names, data.factors.sizes, strict=True))
        grid = (
            "every combination is there" if isinstance(data.factors, FactorGrid) else "not every combination is there"
        )
        found.append(("factors", f"{sizes}; {grid}"))
    labels = labels_of(data)
    if labels is not None:
        found.append(("labels", f"{len(set(labels.tolist()))} classes"))
    return found


def _say(what: str, value: str) -> None:
    click.echo(f"{what:<8} {one_line(value)}")
