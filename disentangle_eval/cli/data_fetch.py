"""`deval data fetch`: the published files of a data set, from their mirrors."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from disentangle_eval.cli.arguments import data_dir_option
from disentangle_eval.cli.data_spec import data_command, dataset_argument, spec_of
from disentangle_eval.cli.echo import note, print_path
from disentangle_eval.data.files.fetching import FetchError, Progress
from disentangle_eval.data.files.fetching import fetch as fetch_file
from disentangle_eval.data.files.locations import dataset_folder
from disentangle_eval.data.files.published import check, checksum, find_any
from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.registry.names import parse_dataset
from disentangle_eval.registry.specs import DataFile, DatasetSpec


@click.command()
@dataset_argument
@data_dir_option
def fetch(dataset: str, data_dir: Path | None) -> None:
    """Download the published files of the data set NAME to the folder of data sets.

    The same command continues an interrupted download. A file receives its name when its size and checksum match the
    published ones, if there are any.
    """
    spec = spec_of(dataset)
    if not spec.files:
        note(f"{spec.name}: {_nothing_to_fetch(spec)}")
        return
    folder = dataset_folder(parse_dataset(dataset), data_dir)
    if folder is None:
        advice = "name the folder to fetch into with --data-dir or DEVAL_DATA"
        raise UsageError("data folder", received="none", advice=advice)
    following = data_command("verify", dataset, data_dir)
    lacking = [file for file in spec.files if not _get(file, folder, spec)]
    if lacking:
        files = "1 file is" if len(lacking) == 1 else f"{len(lacking)} files are"
        advice = f"get them as said above, then type: {following}"
        raise DevalError(f"dataset {spec.name!r}: {files} missing", advice=advice)
    note(f"next: {following}")


def _nothing_to_fetch(spec: DatasetSpec) -> str:
    if spec.takes_path:
        return f"your own data, nothing to fetch; write {spec.name}:PATH where a command takes a data set"
    if spec.drawn:
        return "drawn when it is first used, nothing to fetch"
    return "its spec names no files, so there is nothing to fetch; its own documentation may say more"


def _get(file: DataFile, folder: Path, spec: DatasetSpec) -> bool:
    """Whether a file is there in the end, which is printed; otherwise what to do about it is."""
    if there := _right(file, folder):
        note(f"{there} is there already")
        return True
    target = folder / file.path
    try:
        with _progress(file) as progress:
            fetch_file(file, target, progress)
    except FetchError as error:
        note(_by_hand(file, target, spec, error.what))
        return False
    if not file.checksum:
        note(f"{target}: no checksum is published; {checksum(target, 'sha256')}")
    print_path(target)
    return True


def _right(file: DataFile, folder: Path) -> Path | None:
    """Where a file is already, or one that serves instead, if it is the published one as far as is known."""
    found = find_any(folder, file)
    if found is None:
        return None
    path, form = found
    try:
        check(path, form)
    except DevalError as error:
        note(str(error.advising("fetching it again")))
        return None
    return path


def _by_hand(file: DataFile, target: Path, spec: DatasetSpec, reason: str) -> str:
    """One line that says what to put where, for a file that could not be fetched."""
    source = file.urls[0] if file.urls else spec.homepage
    published = ", ".join([f"{file.size:,} bytes"] * (file.size > 0) + [file.checksum] * bool(file.checksum))
    wanted = f"{target.name} ({published})" if published else target.name
    pages = " or ".join(dict.fromkeys(page for page in (source, spec.homepage) if page))
    return f"{file.path}: {reason}; get {wanted}{f' from {pages}' if pages else ''} and put it at {target}"


@contextmanager
def _progress(file: DataFile) -> Iterator[Progress]:
    """A bar on a terminal, else one line, on standard error."""
    if not sys.stderr.isatty():
        if file.urls:
            note(f"fetching {file.path}")
        yield lambda there, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(Path(file.path).name, total=file.size or None)
        yield lambda there, total: bar.update(task, completed=there, total=total or None)
