"""The data sets that come with the core: a file or folder for each, whose module holds its specs as `DATASETS`."""

import importlib
import pkgutil
from collections.abc import Iterable

from disentangle_eval.registry.hookspecs import hookimpl
from disentangle_eval.registry.specs import DatasetSpec


@hookimpl
def register_datasets() -> Iterable[DatasetSpec]:
    for found in pkgutil.iter_modules(__path__):
        yield from importlib.import_module(f"{__name__}.{found.name}").DATASETS
