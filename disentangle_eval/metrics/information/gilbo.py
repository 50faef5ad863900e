"""GILBO (Alemi & Fischer, 2018, "GILBO: One metric to measure them all").

A lower bound on the information between a generator's input and its image: an encoder learns to read the input back
from generated images alone.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from disentangle_eval.api import Metric, Scores, Subject
from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.latents import OneHot, Part, Prior
from disentangle_eval.metrics.information.config import GILBOConfig
from disentangle_eval.metrics.information.gilbo_encoder import Encoder, described, dimensions, information
from disentangle_eval.metrics.toolbox.encoding import batch_size_on, device_of, seconds_of
from disentangle_eval.runtime.devices import place
from disentangle_eval.runtime.draws import GeneratorDraw, seeded_construction, stream_seed
from disentangle_eval.runtime.evaluating import evaluating
from disentangle_eval.runtime.optimisers import without_compiler
from disentangle_eval.runtime.progress import counted

FIRST_FLOOR = -2.0
SHARE_OF_GAIN = 0.75
MOST_GAIN = 0.5
LR_SCALE = 0.5
MIN_LR = 1e-8

_LOG = logging.getLogger("disentangle_eval")


@dataclass(frozen=True)
class Schedule:
    """The learning rate of a cycle of training, halved after a cycle whose mean information is below a moving floor.

    Training is over when the learning rate falls below 1e-8.
    """

    learning_rate: float
    floor: float = FIRST_FLOOR
    previous: float = 0.0

    @property
    def over(self) -> bool:
        return self.learning_rate < MIN_LR

    def after(self, mean: float) -> Schedule:
        """What follows a cycle whose mean information was `mean` nats."""
        gain = min(MOST_GAIN, max(0.0, SHARE_OF_GAIN * (mean - self.previous)))
        return Schedule(
            learning_rate=self.learning_rate * (LR_SCALE if mean < self.floor else 1.0),
            floor=max(self.floor, mean + gain),
            previous=mean,
        )


class GILBOMetric(Metric[GILBOConfig]):
    """E[log e(z|x) - log p(z)] <= I(z; x), z from the prior and x from the frozen generator, e of maximum likelihood.

    x has the generator's inner noise; without any, the information on a continuous z is infinite, and the score is what
    e's family can read. Values: `value`, the mean over fresh samples in nats, `std`, `standard_error`, `min` and
    `num_samples` of the same; `ceiling`, the entropy of an input of classes alone, else None; `parts`, what was read,
    and `by_part` and `by_dimension`, the means of its parts and of its independent dimensions; `cycles`, the mean of
    each cycle of training, and `learning_rate`, what was left of it. UsageError for more `parts` than the input has.
    """

    def score(self, subject: Subject, seed: int) -> Scores:
        model = subject.model
        parts = self._parts(model)
        device = device_of(model)
        with evaluating(model):
            source = Source(model, GeneratorDraw(stream_seed(seed, "gilbo", "train"), device))
            encoder = build_encoder(parts, source.batch(1)[1].shape[1:], self.cfg.width, seed, device)
            cycles, left = train(encoder, parts, source, self.cfg)
            fresh = Source(model, GeneratorDraw(stream_seed(seed, "gilbo", "evaluate"), device))
            totals, by_dimension = evaluate(encoder, parts, fresh, self.cfg.num_samples)
        std = float(totals.std())
        values = {
            "value": float(totals.mean()),
            "std": std,
            "standard_error": std / math.sqrt(len(totals)),
            "min": float(totals.min()),
            "num_samples": len(totals),
            "ceiling": ceiling(parts),
            "parts": [described(part) for part in parts],
            "by_part": [float(one.sum()) for one in by_dimension.split([dimensions(part) for part in parts])],
            "by_dimension": by_dimension.tolist(),
            "cycles": cycles,
            "learning_rate": left,
        }
        return Scores(values, chance=0.0, counts={"num_samples": len(totals)})

    def seconds(self, subject: Subject, seed: int) -> float:
        cfg, model = self.cfg, subject.model
        parts, device = self._parts(model), device_of(model)
        with evaluating(model):
            source = Source(model, GeneratorDraw(stream_seed(seed, "gilbo", "trial"), device))
            encoder = build_encoder(parts, source.batch(1)[1].shape[1:], cfg.width, seed, device)
            optimiser = without_compiler(torch.optim.Adam)(encoder.parameters(), cfg.learning_rate, fused=True)
            per_step = seconds_of(lambda: step(encoder, optimiser, parts, *source.batch(cfg.batch_size)), device)
        # Without gradients a batch takes about a third.
        return per_step * (cfg.max_cycles * cfg.iterations_per_cycle + cfg.num_samples / cfg.batch_size / 3)

    def _parts(self, model: Any) -> tuple[Part, ...]:
        if not isinstance(model.prior, Prior):
            raise UsageError(
                "gilbo",
                received=f"a custom prior, {type(model.prior).__name__}",
                expected="a Prior of normal, uniform and one-hot parts, the families of the encoder",
            )
        parts: tuple[Part, ...] = model.prior.parts
        if self.cfg.parts is not None and self.cfg.parts > len(parts):
            known = "; ".join(described(part) for part in parts)
            raise UsageError(
                "parts", received=self.cfg.parts, expected=f"at most {len(parts)}, the input being {known}"
            )
        return parts[: self.cfg.parts]


@dataclass(frozen=True)
class Source:
    """A generator as an endless source of inputs (B, Z) and their images (B, C, H, W)."""

    model: Any
    draw: GeneratorDraw

    def batch(self, n: int) -> tuple[Tensor, Tensor]:
        """`n` fresh pairs; call it without gradients."""
        z = self.model.prior.sample(self.draw, n)
        return z, self.model.generate(z, self.draw)


def build_encoder(
    parts: Sequence[Part], image: Sequence[int], width: int, seed: int, device: torch.device
) -> nn.Module:
    """An encoder whose weights follow from the seed and leave the global generator as it was."""
    with seeded_construction(seed, "gilbo", "encoder"):
        return place(Encoder(parts, image, width), device)


def train(encoder: nn.Module, parts: Sequence[Part], source: Source, cfg: GILBOConfig) -> tuple[list[float], float]:
    """Maximum likelihood on fresh pairs; the mean information of each cycle, nats, and the learning rate left.

    DevalError for information that is not a number.
    """
    schedule = Schedule(cfg.learning_rate)
    optimiser = without_compiler(torch.optim.Adam)(encoder.parameters(), schedule.learning_rate, fused=True)
    cycles: list[float] = []
    while len(cycles) < cfg.max_cycles and not schedule.over:
        start = time.perf_counter()
        for group in optimiser.param_groups:
            group["lr"] = schedule.learning_rate
        total = torch.zeros((), dtype=torch.float64, device=source.draw.device)
        about, n = f"gilbo, cycle {len(cycles) + 1} of at most {cfg.max_cycles}", cfg.iterations_per_cycle
        for _ in counted(range(n), about, n, rounds=cfg.max_cycles - len(cycles)):
            total += step(encoder, optimiser, parts, *source.batch(cfg.batch_size))
        mean = float(total) / cfg.iterations_per_cycle
        _refuse_nan(mean, f"in cycle {len(cycles) + 1} of training")
        cycles.append(mean)
        _LOG.info(
            "gilbo: cycle %d of at most %d: %.3f nats at learning rate %.3g, %.0f s",
            *(len(cycles), cfg.max_cycles, mean, schedule.learning_rate, time.perf_counter() - start),
        )
        schedule = schedule.after(mean)
    return cycles, schedule.learning_rate


def step(encoder: nn.Module, optimiser: torch.optim.Optimizer, parts: Sequence[Part], z: Tensor, x: Tensor) -> Tensor:
    """One step on a batch; the mean information before it, () nats."""
    with torch.enable_grad():
        nats = _read(encoder, parts, z, x).sum(dim=1)
        optimiser.zero_grad()
        # The official loss is the sum over the batch, which makes a difference to Adam by its epsilon alone.
        (-nats.sum()).backward()
    optimiser.step()
    return nats.detach().mean()


def evaluate(encoder: nn.Module, parts: Sequence[Part], source: Source, samples: int) -> tuple[Tensor, Tensor]:
    """The information of each fresh sample, (n,) nats, and the mean of each independent dimension, (D,), float64."""
    batch = batch_size_on(source.draw.device)
    totals, dimension_sums = [], []
    for start in counted(range(0, samples, batch), "gilbo, batches of fresh samples", -(-samples // batch)):
        nats = _read(encoder, parts, *source.batch(min(batch, samples - start)))
        totals.append(nats.sum(dim=1))
        dimension_sums.append(nats.sum(dim=0))
    found = torch.cat(totals)
    _refuse_nan(float(found.sum()), "on fresh samples")
    return found.cpu(), torch.stack(dimension_sums).sum(dim=0).cpu() / samples


def ceiling(parts: Sequence[Part]) -> float | None:
    """The entropy of an input of classes alone, nats, above which no information can be; None for any other."""
    classes = [part.classes for part in parts if isinstance(part, OneHot)]
    return sum(map(math.log, classes)) if len(classes) == len(parts) else None


def _read(encoder: nn.Module, parts: Sequence[Part], z: Tensor, x: Tensor) -> Tensor:
    return information(parts, encoder(x), z[:, : sum(part.width for part in parts)])


def _refuse_nan(nats: float, where: str) -> None:
    if not math.isfinite(nats):
        raise DevalError(
            "gilbo",
            received=f"{nats} nats {where}",
            expected="a number",
            advice="look at the generator's images (deval sample), or lower --set learning_rate",
        )
