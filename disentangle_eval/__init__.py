"""Train and judge disentangled-representation models.

A plugin needs four names from here: `hookimpl` and the records it yields. `score` scores plain arrays.
"""

from typing import TYPE_CHECKING, Any

from disentangle_eval.registry.hookspecs import hookimpl
from disentangle_eval.registry.specs import DataFile, DatasetSpec, MetricSpec, ModelSpec

if TYPE_CHECKING:
    from disentangle_eval.scoring import score

__all__ = ["DataFile", "DatasetSpec", "MetricSpec", "ModelSpec", "hookimpl", "score"]


def __getattr__(name: str) -> Any:
    # Records are read without torch, which scoring needs.
    if name == "score":
        from disentangle_eval.scoring import score

        return score
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
