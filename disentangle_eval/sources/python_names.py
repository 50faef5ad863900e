"""Sources named as module:attribute: encoders in Python files of the working folder."""

from __future__ import annotations

import importlib
import inspect
import logging
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from disentangle_eval.errors import UsageError, describe, did_you_mean
from disentangle_eval.sources.kinds import python_name_advice
from disentangle_eval.sources.objects import open_object
from disentangle_eval.sources.settings import SourceName, given
from disentangle_eval.sources.source import Source, is_foreign

_LOG = logging.getLogger("disentangle_eval")

# How many names of a module an error lists.
MOST_LISTED = 10

_ABSENT: Any = object()


def open_callable(written: SourceName, device: str) -> Source:
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
    opened = open_object(found, given(written.settings), device)
    about = {"model": written.place, "source": written.text}
    if is_foreign(opened.model):
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
