"""Train and judge disentangled-representation models.

A plugin needs four names from here: `hookimpl` and the records it yields.
"""

from disentangle_eval.hookspecs import hookimpl
from disentangle_eval.specs import DatasetSpec, MetricSpec, ModelSpec

__all__ = ["DatasetSpec", "MetricSpec", "ModelSpec", "hookimpl"]
