"""Finds and loads plugins one by one, so that a broken one is reported and everything else goes on.

A plugin is an entry point in the group "deval", known by its distribution and entry-point name together: two
distributions may use the same entry-point name. Plugins load in a fixed order: those of this project, then by
distribution name, then by entry-point name. Where two claim one name for the same kind of spec, the first keeps it.
"""

from __future__ import annotations

import functools
import importlib.util
import logging
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

import pluggy

from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.registry import hookspecs
from disentangle_eval.registry.lines import located
from disentangle_eval.registry.plugin_code import plugin_code
from disentangle_eval.registry.specs import API_VERSION, DatasetSpec, MetricSpec, ModelSpec, Spec

GROUP = hookspecs.PROJECT
STRICT = "DEVAL_STRICT_PLUGINS"
FILES = "DEVAL_PLUGINS"  # files of plugins that are not installed, separated as in PATH
THIS_DISTRIBUTION = "disentangle-eval"
PATIENCE_SECONDS = 10.0

_LOG = logging.getLogger("disentangle_eval")

NOUNS: dict[type[Spec], str] = {ModelSpec: "model", DatasetSpec: "dataset", MetricSpec: "metric"}
HOOKS: dict[str, type[Spec]] = {f"register_{noun}s": kind for kind, noun in NOUNS.items()}


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What is wrong with a plugin: whose it is, and the cause on one line."""

    distribution: str
    version: str
    entry_point: str
    cause: str

    def __str__(self) -> str:
        return f"plugin {self.entry_point!r} of {self.distribution} {self.version}: {self.cause}"


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """One entry point: where it is from, the specs it yielded, and what was wrong with the rest."""

    distribution: str
    version: str
    entry_point: str
    module: str
    specs: tuple[Spec, ...]
    problems: tuple[Problem, ...]


def load_plugins() -> tuple[Plugin, ...]:
    """Every installed plugin in the fixed order, those with problems among them.

    Whatever a plugin prints goes to stderr, and what it changes of the process is put back. With the
    environment variable `DEVAL_STRICT_PLUGINS=1` the first problem is raised as a `DevalError`, its cause chained.
    """
    strict = os.environ.get(STRICT, "0") not in ("", "0")
    owners: _Owners = {}
    return tuple(_plugin(source, owners, strict) for source in sorted(_sources(), key=_order))


@dataclass(frozen=True)
class _Source:
    """An entry point and its owner; `load` imports what it names."""

    distribution: str
    version: str
    entry_point: str
    module: str
    load: Callable[[], object]


@dataclass(frozen=True)
class _Fault:
    cause: str
    error: BaseException | None = None


_Owners = dict[tuple[type[Spec], str], _Source]


# ---------------------------------------------------------------- finding


def _sources() -> Iterator[_Source]:
    seen = set()
    for distribution in distributions():
        try:
            if f"[{GROUP}]" not in (distribution.read_text("entry_points.txt") or ""):
                continue
            entries = [entry for entry in distribution.entry_points if entry.group == GROUP]
        except Exception as error:
            yield _Source(*_name_and_version(distribution), "(all)", "entry_points.txt", _raising(error))
            continue
        name, version = _name_and_version(distribution)
        if _normal(name) not in seen:  # of two copies on sys.path, the first is the one that would be imported
            seen.add(_normal(name))
            yield from (_Source(name, version, entry.name, entry.value, entry.load) for entry in entries)
    for written in filter(None, os.environ.get(FILES, "").split(os.pathsep)):
        path = Path(written).resolve()
        yield _Source(path.name, "(a file)", path.stem, str(path), functools.partial(_load_file, path))


def add_plugin_file(path: Path) -> None:
    """Load a plugin from a file in this process and those it starts; `UsageError` where it cannot be one.

    The file is a module by its own name, which its specs use in `target` and `config`.
    """
    if not path.is_file() or path.suffix != ".py" or not path.stem.isidentifier():
        raise UsageError("--plugins", received=repr(str(path)), expected="a Python file, such as mine.py")
    before = list(filter(None, os.environ.get(FILES, "").split(os.pathsep)))
    added = str(path.resolve())
    os.environ[FILES] = os.pathsep.join([*before, *([added] if added not in before else [])])


def _load_file(path: Path) -> object:
    known = sys.modules.get(path.stem)
    if known is not None:
        if getattr(known, "__file__", None) != str(path):
            raise ImportError(f"a module {path.stem!r} is loaded already; give the file another name")
        return known
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError("no Python file; DEVAL_PLUGINS names files such as mine.py")
    module = sys.modules[path.stem] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[path.stem]
        raise
    return module


def _name_and_version(distribution: Distribution) -> tuple[str, str]:
    try:
        return distribution.metadata["Name"] or "unnamed", distribution.metadata["Version"] or "unknown"
    except Exception:
        return "unnamed", "unknown"


def _raising(error: Exception) -> Callable[[], object]:
    def load() -> object:
        raise error

    return load


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _order(source: _Source) -> tuple[bool, str, str, str]:
    name = _normal(source.distribution)
    return name != THIS_DISTRIBUTION, name, source.entry_point, source.module


# ---------------------------------------------------------------- loading


def _plugin(source: _Source, owners: _Owners, strict: bool) -> Plugin:
    specs = []
    problems = []
    for found in _loaded(source):
        checked = _checked(found, source, owners) if isinstance(found, Spec) else found
        if isinstance(checked, Spec):
            owners[type(checked), checked.name] = source
            specs.append(checked)
            continue
        problem = Problem(
            distribution=source.distribution,
            version=source.version,
            entry_point=source.entry_point,
            cause=checked.cause,
        )
        if strict:
            raise DevalError(str(problem)) from checked.error
        problems.append(problem)
    return Plugin(
        distribution=source.distribution,
        version=source.version,
        entry_point=source.entry_point,
        module=source.module,
        specs=tuple(specs),
        problems=tuple(problems),
    )


def _loaded(source: _Source) -> list[Spec | _Fault]:
    """What a plugin yields; a line on stderr where that takes long."""
    owner = f"plugin {source.entry_point!r} of {source.distribution} {source.version}"
    remark = (
        f"{owner}: {source.module} has been loading for {PATIENCE_SECONDS:g} seconds; imports can take that long on a "
        "busy machine; Ctrl-C ends the command"
    )
    patience = threading.Timer(PATIENCE_SECONDS, _LOG.warning, [remark])
    patience.daemon = True
    patience.start()
    try:
        with plugin_code(owner):
            return list(_registered(source))
    finally:
        patience.cancel()


def _registered(source: _Source) -> Iterator[Spec | _Fault]:
    """The specs a plugin yields, in order, with a fault for everything else that happens."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    try:
        plugin = source.load()
        manager.register(plugin)
        manager.check_pending()
    except KeyboardInterrupt:
        raise
    except pluggy.PluginValidationError as error:
        yield _Fault(f"{located(error)}; the hooks are {', '.join(HOOKS)}", error)
        return
    except BaseException as error:
        yield _Fault(f"{source.module!r} cannot be loaded: {located(error)}", error)
        return
    implemented = {caller.name for caller in manager.get_hookcallers(plugin) or ()}
    if not implemented:
        yield _Fault(f"{source.module!r} has no hook; mark its register_* functions with disentangle_eval.hookimpl")
    for hook, kind in HOOKS.items():
        if hook in implemented:
            yield from _called(hook, kind, getattr(manager.hook, hook))


def _called(hook: str, kind: type[Spec], call: Callable[[], list[Any]]) -> Iterator[Spec | _Fault]:
    """What one hook yields; specs that came before an exception count."""
    items, error = _collected(call)
    for item in items:
        if type(item) is kind:
            yield item
        else:
            yield _Fault(f"{hook} yielded {type(item).__name__}, expected {kind.__name__}")
    if error is not None:
        yield _Fault(f"{hook} failed: {located(error)}", error)


def _collected(call: Callable[[], list[Any]]) -> tuple[list[object], BaseException | None]:
    items: list[object] = []
    try:
        for specs in call() or [None]:  # a hook that returned None is missing from the results
            for spec in specs:
                items.append(spec)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return items, error
    return items, None


def _checked(spec: Spec, source: _Source, owners: _Owners) -> Spec | _Fault:
    what = f"{NOUNS[type(spec)]} {spec.name!r}"
    if spec.api != API_VERSION:
        behind = THIS_DISTRIBUTION if spec.api > API_VERSION else source.distribution
        return _Fault(f"{what}: written for plugin interface {spec.api}, expected {API_VERSION}; update {behind}")
    owner = owners.get((type(spec), spec.name))
    if owner is source:
        return _Fault(f"{what}: registered twice")
    if owner is not None:
        return _Fault(
            f"{what}: claimed by {source.distribution} {source.version}, "
            f"taken by {owner.distribution} {owner.version} (plugin {owner.entry_point!r})"
        )
    return spec
