"""The promises of the plugin interface, one function each, in the order they are checked."""

from __future__ import annotations

from disentangle_eval.testing.candidate import Check
from disentangle_eval.testing.checks.bottleneck import check_rate
from disentangle_eval.testing.checks.capture import check_capture
from disentangle_eval.testing.checks.classification import check_class_probabilities
from disentangle_eval.testing.checks.config import check_config
from disentangle_eval.testing.checks.construction import check_construction
from disentangle_eval.testing.checks.device import check_device
from disentangle_eval.testing.checks.encoding import check_encode, check_encode_rows
from disentangle_eval.testing.checks.evaluation import check_evaluation
from disentangle_eval.testing.checks.generation import check_generate
from disentangle_eval.testing.checks.gradients import check_gradients
from disentangle_eval.testing.checks.host_reads import check_no_host_read
from disentangle_eval.testing.checks.likelihood import check_log_likelihood
from disentangle_eval.testing.checks.lower_bound import check_lower_bound
from disentangle_eval.testing.checks.pictures import check_pictures
from disentangle_eval.testing.checks.players import check_players
from disentangle_eval.testing.checks.posterior import check_posterior
from disentangle_eval.testing.checks.randomness import check_no_global_randomness
from disentangle_eval.testing.checks.reconstruction import check_decode, check_reconstruct
from disentangle_eval.testing.checks.registration import check_registration_imports_no_torch
from disentangle_eval.testing.checks.replicas import check_replicas
from disentangle_eval.testing.checks.resume import check_resume
from disentangle_eval.testing.checks.rounds import check_iteration_counter, check_rounds
from disentangle_eval.testing.checks.traversal import check_traversal

CHECKS: tuple[Check, ...] = (
    check_registration_imports_no_torch,
    check_config,
    check_construction,
    check_players,
    check_rounds,
    check_iteration_counter,
    check_gradients,
    check_no_global_randomness,
    check_no_host_read,
    check_replicas,
    check_resume,
    check_capture,
    check_encode,
    check_encode_rows,
    check_posterior,
    check_class_probabilities,
    check_log_likelihood,
    check_generate,
    check_reconstruct,
    check_decode,
    check_rate,
    check_lower_bound,
    check_traversal,
    check_pictures,
    check_evaluation,
    check_device,
)
