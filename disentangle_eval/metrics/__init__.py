"""The metrics, in families: `factors`, `independence`, `information`, `images` and `labels`.

Each family's `__init__` holds its specs and `config` their settings; neither imports torch.
"""

from collections.abc import Iterable

from disentangle_eval.metrics import factors, images, independence, information, labels
from disentangle_eval.registry.hookspecs import hookimpl
from disentangle_eval.registry.specs import MetricSpec


@hookimpl
def register_metrics() -> Iterable[MetricSpec]:
    return [*factors.METRICS, *independence.METRICS, *information.METRICS, *images.METRICS, *labels.METRICS]
