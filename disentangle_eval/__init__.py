"""Train and judge disentangled-representation models, from Python: `import disentangle_eval as de`.

`load_model` and `load_dataset` open what there is, `encode` and `score` judge it, `load_results` reads scores,
`compare` sets those of runs next to each other, and `list_models`, `list_datasets` and `list_metrics` list what is
installed. A plugin needs `hookimpl` and the specs it yields. Nothing is imported before it is used.
"""

import importlib
from typing import TYPE_CHECKING, Any

from disentangle_eval.errors import DevalError, UsageError

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
    from disentangle_eval.registry.hookspecs import hookimpl
    from disentangle_eval.registry.specs import DataFile, DatasetSpec, MetricSpec, ModelSpec

_MODULES = {
    "compare": "interface",
    "DataFile": "registry.specs",
    "DatasetSpec": "registry.specs",
    "encode": "interface",
    "hookimpl": "registry.hookspecs",
    "list_datasets": "interface",
    "list_metrics": "interface",
    "list_models": "interface",
    "load_dataset": "interface",
    "load_model": "interface",
    "load_results": "interface",
    "load_run": "interface",
    "MetricSpec": "registry.specs",
    "ModelSpec": "registry.specs",
    "score": "interface",
    "train": "interface",
    "TrainedRun": "interface",
}

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
    if name in _MODULES:
        return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
