"""Train and judge disentangled-representation models, from Python: `import disentangle_eval as de`.

`load_model` and `load_dataset` open what there is, `encode` and `score` judge it, `load_results` reads scores,
`compare` sets those of runs next to each other, and `list_models`, `list_datasets` and `list_metrics` list what is
installed. A plugin needs `hookimpl` and the specs it yields. Nothing is imported before it is used.
"""

import importlib
from typing import TYPE_CHECKING, Any

from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.registry.hookspecs import hookimpl
from disentangle_eval.registry.specs import DataFile, DatasetSpec, MetricSpec, ModelSpec

if TYPE_CHECKING:
    from disentangle_eval.interface import (
        TrainedRun,
        compare,
        encode,
        list_datasets,
        list_metrics,
        list_models,
        load_dataset,
        load_model,
        load_results,
        load_run,
        score,
        train,
    )

_INTERFACE = (
    "TrainedRun",
    "compare",
    "list_datasets",
    "encode",
    "load_dataset",
    "load_model",
    "load_results",
    "load_run",
    "list_metrics",
    "list_models",
    "score",
    "train",
)

__all__ = [
    "DataFile",
    "DatasetSpec",
    "DevalError",
    "MetricSpec",
    "ModelSpec",
    "TrainedRun",
    "UsageError",
    "compare",
    "list_datasets",
    "encode",
    "hookimpl",
    "load_dataset",
    "load_model",
    "load_results",
    "load_run",
    "list_metrics",
    "list_models",
    "score",
    "train",
]


def __getattr__(name: str) -> Any:
    if name in _INTERFACE:
        return getattr(importlib.import_module("disentangle_eval.interface"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
