"""A model on a device that is not the CPU."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.distributions import Distribution
from torch.utils._pytree import tree_leaves

from disentangle_eval.registry.lines import located
from disentangle_eval.testing.candidate import Candidate
from disentangle_eval.testing.checks.capture import check_capture
from disentangle_eval.testing.checks.evaluation import refuse_failed
from disentangle_eval.testing.checks.offers import calls
from disentangle_eval.testing.failure import ConformanceFailure, NotChecked
from disentangle_eval.testing.imitated_device import imitated_device
from disentangle_eval.testing.trial import training_images
from disentangle_eval.testing.verdict import rests_on
from disentangle_eval.training.training import Training

ITERATIONS = 2
CHANGE = "make tensors with device=x.device, register_buffer or x.new_zeros, and return a result where it was computed"


def check_device(candidate: Candidate) -> None:
    """Rounds and every method compute on a device that is not the CPU, imitated on it, and return tensors there.

    Training reads nothing back from the device.
    """
    rests_on(candidate, check_capture)
    refuse_failed(candidate)
    with imitated_device() as imitated:
        doing = "training"
        try:
            training = Training(
                candidate.model(seed=0),
                training_images(candidate).to(imitated.device),
                candidate.settings(),
                0,
                imitated.device,
            )
            with imitated.no_host_reads():
                training.advance(ITERATIONS)
            model = training.model.eval()
            for doing, call in calls(candidate, model, imitated.device).items():
                with torch.no_grad():
                    _expect_on(imitated.device, doing, call())
        except (ConformanceFailure, NotChecked):
            raise
        except Exception as error:
            raise ConformanceFailure(
                "device", f"{located(error)}, in {doing}", "a computation on the model's device alone", CHANGE
            ) from error


def _expect_on(device: torch.device, method: str, result: object) -> None:
    if isinstance(result, Distribution):
        result = result.mean
    for found in tree_leaves(result):
        if isinstance(found, Tensor) and found.device != device:
            raise ConformanceFailure("device", f"{method} on the CPU", "what it computes on the model's device", CHANGE)
