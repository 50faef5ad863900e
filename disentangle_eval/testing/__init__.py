"""The conformance kit: the promises of the plugin interface as checks, for the command line and for pytest."""

from disentangle_eval.testing.checks import CHECKS
from disentangle_eval.testing.failure import ConformanceFailure
from disentangle_eval.testing.outcomes import Outcome, check_model
from disentangle_eval.testing.parametrize import parametrize_checks

__all__ = ["CHECKS", "ConformanceFailure", "Outcome", "check_model", "parametrize_checks"]
