"""What can be trained, loaded and scored, by name; the code behind a name is imported on first use."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Generic, Literal, TypeVar

from disentangle_eval.errors import DevalError, PluginWarning, UsageError, did_you_mean, warn
from disentangle_eval.registry.lines import located
from disentangle_eval.registry.manager import NOUNS, Plugin, Problem, load_plugins
from disentangle_eval.registry.plugin_code import plugin_code
from disentangle_eval.registry.specs import DatasetSpec, MetricSpec, ModelSpec, Spec

# The data set that reads the user's own files, by their suffix.
OWN_DATA = {".npz": "npz", ".h5": "h5", ".hdf5": "h5", ".zip": "images", ".tar": "images", ".tgz": "images"}

SpecT = TypeVar("SpecT", bound=Spec, covariant=True)


@dataclass(frozen=True)
class Registered(Generic[SpecT]):
    """A spec and the distribution that brought it."""

    spec: SpecT
    distribution: str
    distribution_version: str


@dataclass(frozen=True)
class Registry:
    """All specs by name, and what was wrong with plugins."""

    models: Mapping[str, Registered[ModelSpec]]
    datasets: Mapping[str, Registered[DatasetSpec]]
    metrics: Mapping[str, Registered[MetricSpec]]
    problems: tuple[Problem, ...] = ()

    def find_model(self, name: str) -> Registered[ModelSpec]:
        """The model of that name, or a `UsageError` that suggests the nearest one."""
        return self._find(self.models, "model", name)

    def find_trained(self, what: str, name: str, distribution: str) -> Registered[ModelSpec]:
        """The model that a run or checkpoint, as `what` says, is of; a `UsageError` says how to have its plugin."""
        if name not in self.models:
            advice = self.how_to_have(distribution)
            raise UsageError(f"{what} of model {name!r}, which no installed plugin provides", advice=advice)
        return self.models[name]

    def how_to_have(self, distribution: str) -> str:
        """As the function `how_to_have`; of a distribution that is installed but broken, where its fault is shown."""
        if any(problem.distribution == distribution for problem in self.problems):
            return f"`deval plugins` shows what is wrong with {distribution}"
        return how_to_have(distribution)

    def find_dataset(self, name: str) -> Registered[DatasetSpec]:
        """The data set of that name, or a `UsageError` that suggests the nearest one, or how to write a file's."""
        is_folder = "/" in name or Path(name).is_dir()
        own = OWN_DATA.get(PurePath(name).suffix.lower(), "images" if is_folder else "")
        if name not in self.datasets and own in self.datasets:
            raise UsageError("dataset", received=f"{name!r}, a path", advice=f"write {own}:{name}")
        return self._find(self.datasets, "dataset", name)

    def find_metric(self, name: str) -> Registered[MetricSpec]:
        """The metric of that name, or a `UsageError` that suggests the nearest one."""
        return self._find(self.metrics, "metric", name)

    @staticmethod
    def resolve(registered: Registered[Spec], field: Literal["target", "config"] = "target") -> Any:
        """Imports what a field of a spec names; whatever that prints goes to stderr.

        Raises `DevalError` naming the distribution where the module cannot be imported or has no such attribute.
        """
        import_string: str = getattr(registered.spec, field)
        module, attribute = import_string.split(":")
        owner = f"{NOUNS[type(registered.spec)]} {registered.spec.name!r} of {registered.distribution}"
        try:
            with plugin_code(owner):
                return getattr(importlib.import_module(module), attribute)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a plugin may do anything on import, sys.exit included
            raise DevalError(
                f"{owner} {registered.distribution_version}: its {field} {import_string!r} cannot be imported: "
                f"{located(error)}",
                advice=f"update or reinstall {registered.distribution}",
            ) from error

    def _find(self, of_kind: Mapping[str, Registered[SpecT]], noun: str, name: str) -> Registered[SpecT]:
        if name in of_kind:
            return of_kind[name]
        near = did_you_mean(name, of_kind, cutoff=0.66)
        broken = f" ({_summary(self.problems)})" if self.problems else ""
        lists = f"`deval {noun}s` lists all{broken}"
        raise UsageError(
            noun,
            received=repr(name),
            expected="" if near else f"one of: {', '.join(sorted(of_kind)) or 'none'}",
            advice=where_to_look(near, lists),
        )


def where_to_look(near: str, lists: str) -> str:
    """The advice on an unknown name: `near`, the nearest one if any, and `lists`, which command lists all."""
    return f"{near} {lists}" if near else f"{lists}; --plugins FILE.py (in Python DEVAL_PLUGINS) loads those of a file"


def how_to_have(distribution: str) -> str:
    """How to have the plugins of a distribution, of a file that is not installed, or ("") of one that is not known."""
    if not distribution:
        return "install the plugin that has it"
    return f"add --plugins {distribution}" if distribution.endswith(".py") else f"pip install {distribution}"


@functools.cache
def load_registry() -> Registry:
    """The registry of what is installed, loaded once per process.

    Warns with one `PluginWarning` where plugins have problems; `DevalError` under `DEVAL_STRICT_PLUGINS=1`.
    """
    plugins = load_plugins()
    problems = tuple(problem for plugin in plugins for problem in plugin.problems)
    if problems:
        warn(_summary(problems), PluginWarning)
    return Registry(
        models=_by_name(plugins, ModelSpec),
        datasets=_by_name(plugins, DatasetSpec),
        metrics=_by_name(plugins, MetricSpec),
        problems=problems,
    )


def _by_name(plugins: Iterable[Plugin], kind: type[SpecT]) -> dict[str, Registered[SpecT]]:
    return {
        spec.name: Registered(spec, plugin.distribution, plugin.version)
        for plugin in plugins
        for spec in plugin.specs
        if isinstance(spec, kind)
    }


def _summary(problems: Iterable[Problem]) -> str:
    count = len({(problem.distribution, problem.entry_point) for problem in problems})
    plugins = "1 plugin" if count == 1 else f"{count} plugins"
    return f"{plugins} could not be loaded in full: `deval plugins` says why"
