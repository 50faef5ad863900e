"""The conformance kit: the promises of the plugin interface as checks, and a step that tests of losses can read."""

from disentangle_eval.testing.checks import CHECKS
from disentangle_eval.testing.failure import ConformanceFailure
from disentangle_eval.testing.imitated_device import imitated_device
from disentangle_eval.testing.outcomes import Outcome, check_model
from disentangle_eval.testing.parametrize import parametrize_checks
from disentangle_eval.testing.recorded import RecordedStep, record_calls

__all__ = [
    "CHECKS",
    "ConformanceFailure",
    "Outcome",
    "RecordedStep",
    "check_model",
    "imitated_device",
    "parametrize_checks",
    "record_calls",
]
