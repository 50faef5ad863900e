"""Opening a source: whatever a user names or holds, as something that can be scored on a data set."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from disentangle_eval.errors import UsageError
from disentangle_eval.opening.datasets import open_dataset
from disentangle_eval.opening.models import open_model
from disentangle_eval.runtime.files import with_home
from disentangle_eval.sources.hub import open_hub
from disentangle_eval.sources.kinds import kind_of
from disentangle_eval.sources.objects import open_object
from disentangle_eval.sources.python_names import open_callable
from disentangle_eval.sources.settings import (
    SourceName,
    given,
    parse_source,
    source_settings,
    typed,
    with_settings_of_file,
    written_source,
)
from disentangle_eval.sources.source import Source, adapted

WEIGHTS = (
    "export the network with torch.export or torch.jit, or write a function that builds it and loads them, and name it "
    "as module:function"
)


def open_source(source: Any, device: str = "auto", **settings: Any) -> Source:
    """Open a source: a path or name with settings (`enc.pt2?range=-1,1`), a module, a callable, or a model.

    `settings` are added to those in the text. `UsageError` where there is nothing of that name, or it cannot be scored.
    """
    if not isinstance(source, (str, os.PathLike)):
        return open_object(source, settings, device)
    written = parse_source(os.fspath(source))
    if settings:
        together = source_settings({**typed(written.settings), **settings})
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
    opener: Callable[[SourceName, str], Source] = open_hub if kind == "hub" else open_callable
    return opener(written, device)


def open_samples(name: str, data_dir: Path | None, device: str) -> Source:
    """Finished images, named as a data set is: what a generator elsewhere made."""
    from disentangle_eval.runtime.devices import choose_device
    from disentangle_eval.sources.adapters import FinishedImages

    data = open_dataset(name, data_dir)
    about = {"model": data.name, "source": name, "checkpoint_sha256": data.sha256}
    return Source(name, about, FinishedImages(data, choose_device(device)))


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
    known = with_settings_of_file(written, program.settings)
    return Source(written.text, about, adapted(program.compute, about, known, chosen))
