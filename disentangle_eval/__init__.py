"""Train and judge disentangled-representation models, from Python: `import disentangle_eval as de`.

`train` trains a model, `load_run`, `load_model` and `load_dataset` open what there is, `encode` and `score` judge it,
`load_results` reads scores, `compare` sets those of runs next to each other, `plot` draws them, and `list_models`,
`list_datasets` and `list_metrics` list what is installed. A plugin needs `hookimpl` and the specs it yields. Nothing is
imported before it is used.
"""

import importlib
from typing import TYPE_CHECKING, Any

from disentangle_eval.errors import DevalError, UsageError

if TYPE_CHECKING:
    from disentangle_eval.interface.encoding import encode
    from disentangle_eval.interface.figures import plot
    from disentangle_eval.interface.listing import list_datasets, list_metrics, list_models
    from disentangle_eval.interface.opening import load_dataset, load_model
    from disentangle_eval.interface.results import compare, load_results
    from disentangle_eval.interface.scoring import score
    from disentangle_eval.interface.trained_run import TrainedRun, load_run
    from disentangle_eval.interface.training import train
    from disentangle_eval.registry.hookspecs import hookimpl
    from disentangle_eval.registry.specs import DataFile, DatasetSpec, MetricSpec, ModelSpec

_MODULES = {
    "compare": "interface.results",
    "DataFile": "registry.specs",
    "DatasetSpec": "registry.specs",
    "encode": "interface.encoding",
    "hookimpl": "registry.hookspecs",
    "list_datasets": "interface.listing",
    "list_metrics": "interface.listing",
    "list_models": "interface.listing",
    "load_dataset": "interface.opening",
    "load_model": "interface.opening",
    "load_results": "interface.results",
    "load_run": "interface.trained_run",
    "MetricSpec": "registry.specs",
    "ModelSpec": "registry.specs",
    "plot": "interface.figures",
    "score": "interface.scoring",
    "train": "interface.training",
    "TrainedRun": "interface.trained_run",
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
    "encode",
    "hookimpl",
    "list_datasets",
    "list_metrics",
    "list_models",
    "load_dataset",
    "load_model",
    "load_results",
    "load_run",
    "plot",
    "score",
    "train",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
