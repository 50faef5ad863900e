"""A model's own bounds on the information between its generator's input and the image (Jeon et al., 2021)."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from torch import Tensor

from disentangle_eval.api import Bottleneck, Metric, Scores, Subject
from disentangle_eval.metrics.information.config import MIBoundsConfig
from disentangle_eval.metrics.toolbox.encoding import batch_size_on, device_of
from disentangle_eval.metrics.toolbox.faulty_outputs import faulty_output
from disentangle_eval.runtime.draws import GeneratorDraw, stream_seed
from disentangle_eval.runtime.evaluating import evaluating

_LOG = logging.getLogger("disentangle_eval")


class MIBoundsMetric(Metric[MIBoundsConfig]):
    """I_L = E[log q(z|x) - log p(z)] <= I(z; x) <= I_U = E[KL(e(r|z) || m(r))], nats (equations 4-11).

    Values: `value`, the lower bound under the noise of the protocol, and `noise`, which that was; `lower` under the
    noise of the last iteration of training (None where that iteration is not known), `lower_noise_free`, `upper` (None
    for a model without a bottleneck), each with `_standard_error` and `_by_dimension`; `violation`, whether a lower
    bound came out above the upper one (None without one), which happens by chance since the bounds hold in expectation
    alone; `note`, the same in words, or nothing; `num_samples`.
    """

    def score(self, subject: Subject, seed: int) -> Scores:
        model = subject.model
        last = None if subject.iteration is None else max(0, subject.iteration - 1)

        def lower(iteration: int | None) -> np.ndarray:
            draw = GeneratorDraw(stream_seed(seed, "mi-bounds", "images"), device_of(model))
            return self._samples(model, seed, "lower_bound", lambda z: model.lower_bound(z, draw, iteration))

        with evaluating(model):
            noise_free = lower(None)
            noisy = None if last is None else lower(last)
            upper = self._samples(model, seed, "rate", model.rate) if isinstance(model, Bottleneck) else None

        reported = noisy if self.cfg.noise == "training" and noisy is not None else noise_free
        lowers = {"with the noise of training": noisy, "without noise": noise_free}
        notes = [] if upper is None else [violation(name, one, upper) for name, one in lowers.items()]
        if self.cfg.noise == "training" and noisy is None:
            notes.append("the iteration is not known, so the score is of images without noise")
        note = "; ".join(filter(None, notes))
        if note:
            _LOG.info("mi-bounds: %s", note)
        values = {
            "value": float(reported.sum(axis=1).mean()),
            "noise": "none" if reported is noise_free else "training",
            **_described("lower", noisy),
            **_described("lower_noise_free", noise_free),
            **_described("upper", upper),
            "violation": None if upper is None else any(notes[: len(lowers)]),
            "note": note,
            "num_samples": len(reported),
        }
        return Scores(values, counts={"num_samples": len(reported)})

    def _samples(self, model: Any, seed: int, method: str, integrand: Callable[[Tensor], Tensor]) -> np.ndarray:
        """A bound's integrand at inputs of the prior, the same for every bound, (samples, columns) nats in float64."""
        batches = [integrand(z).double().cpu().numpy() for z in self._latents(model, seed)]
        samples = np.concatenate(batches)
        if not np.isfinite(samples).all():
            raise faulty_output(model, method, received="NaN or infinite nats", expected="numbers")
        return samples

    def _latents(self, model: Any, seed: int) -> Iterator[Tensor]:
        device = device_of(model)
        draw = GeneratorDraw(stream_seed(seed, "mi-bounds", "latents"), device)
        batch = batch_size_on(device)
        for start in range(0, self.cfg.num_samples, batch):
            yield model.prior.sample(draw, min(batch, self.cfg.num_samples - start))


def violation(name: str, lower: np.ndarray | None, upper: np.ndarray) -> str:
    """In words, a lower bound whose mean is above that of the upper one; both (n, columns) at the same inputs."""
    if lower is None:
        return ""
    excess = lower.sum(axis=1) - upper.sum(axis=1)
    if excess.mean() <= 0:
        return ""
    return f"lower bound {name} above the upper one by {excess.mean():.4g} +- {_standard_error(excess):.2g} nats"


def _described(name: str, samples: np.ndarray | None) -> dict[str, Any]:
    """Mean, standard error and means by dimension of a bound, (n, columns)."""
    if samples is None:
        return {name: None, f"{name}_standard_error": None, f"{name}_by_dimension": None}
    totals = samples.sum(axis=1)
    return {
        name: float(totals.mean()),
        f"{name}_standard_error": _standard_error(totals),
        f"{name}_by_dimension": samples.mean(axis=0).tolist(),
    }


def _standard_error(totals: np.ndarray) -> float:
    return float(totals.std(ddof=1) / math.sqrt(len(totals)))
