"""Python objects as sources: models, modules, callables, and what builds one of these."""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable, Mapping
from typing import Any

from disentangle_eval.errors import UsageError, describe
from disentangle_eval.opening.origins import origin_of
from disentangle_eval.sources.settings import SourceName, source_settings, written_source
from disentangle_eval.sources.source import Source, adapted, is_foreign

_LOG = logging.getLogger("disentangle_eval")


def open_object(source: Any, settings: Mapping[str, Any], device: str) -> Source:
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
    if is_foreign(source) or isinstance(source, (Encoder, Generator)):
        if settings:
            raise UsageError(
                name, received=f"settings {', '.join(settings)}", expected="none with a model that has `code`"
            )
        called = str(getattr(source, "name", name))
        about = origin.about if origin else source.about if is_foreign(source) else {"model": called}
        return Source(str(origin.path) if origin else called, about, source, origin=origin)
    if not callable(source):
        expected = "a path or name, a model, a callable on tensors, or codes"
        raise UsageError("source", received=f"an object of type {type(source).__name__}", expected=expected)
    chosen = known or choose_device("cpu" if device == "auto" else device)
    looks = source_settings(dict(settings))
    written = SourceName(written_source(name, looks), name, looks)
    about = {"model": name, **({"source": written.text} if settings else {})}
    return Source(name, about, adapted(source, about, written, chosen))


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
    _LOG.info("source: calling %s, which builds the model; its weights are random unless it loads some", name)
    try:
        return source()
    except Exception as error:  # code of the user's may raise anything
        raise UsageError(
            f"source {name!r} cannot be built ({describe(error)})",
            expected="a class or callable that works without arguments, or an encoder that requires one, the images",
            advice="write a function without arguments that builds the network and loads its weights, and name that",
        ) from error
