"""The data sets that come with the core: a file or folder for each."""

from collections.abc import Iterable

from disentangle_eval.data.sets.records import DATASETS
from disentangle_eval.registry.hookspecs import hookimpl
from disentangle_eval.registry.specs import DatasetSpec


@hookimpl
def register_datasets() -> Iterable[DatasetSpec]:
    return DATASETS
