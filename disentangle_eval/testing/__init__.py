"""The conformance kit: the promises of the plugin interface as checks, and a step that tests of losses can read."""

from disentangle_eval.testing.checks import CHECKS
from disentangle_eval.testing.dataset_checks import DATASET_CHECKS
from disentangle_eval.testing.failure import ConformanceFailure
from disentangle_eval.testing.imitated_device import imitated_device
from disentangle_eval.testing.metric_checks import METRIC_CHECKS
from disentangle_eval.testing.outcomes import Outcome, check_dataset, check_metric, check_model
from disentangle_eval.testing.parametrize import parametrize_checks
from disentangle_eval.testing.recorded import RecordedStep, record_calls

__all__ = [
    "CHECKS",
    "DATASET_CHECKS",
    "METRIC_CHECKS",
    "ConformanceFailure",
    "Outcome",
    "RecordedStep",
    "check_dataset",
    "check_metric",
    "check_model",
    "imitated_device",
    "parametrize_checks",
    "record_calls",
]
