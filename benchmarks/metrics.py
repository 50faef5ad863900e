"""What does a score cost once the images are encoded, what does encoding cost, and what does the reference take?

Three parts, each a set of JSON lines:

    encoding   all images of dSprites through the encoder of a beta-VAE: ours, and a plain batched forward pass
    metrics    every metric that reads codes, under one protocol, on one table of 737,280 x 10 codes
    reference  the same metrics by disentanglement_lib on the same table, where it can be imported

Runs are interleaved: each repeat goes through everything in turn. Lines hold the score and its chance level, medians of
wall and CPU seconds, and the peak of the process's memory. The reference is imported from wherever Python finds it; its
`gin` and TensorFlow are not needed, since this script binds its study's settings itself.

    PYTHONPATH=../disentanglement_lib python benchmarks/metrics.py metrics reference --only mig sap --repeats 3
"""

from __future__ import annotations

import argparse
import functools
import importlib
import inspect
import os
import resource
import statistics
import sys
import time
import types
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lines import line, write

from disentangle_eval.config import resolve
from disentangle_eval.data.sets.dsprites.geometry import FACTORS
from disentangle_eval.metrics.subject import CodeTable, EncodedSubject
from disentangle_eval.metrics.toolbox.encoding import image_batches
from disentangle_eval.opening.datasets import open_dataset
from disentangle_eval.opening.models import build_model
from disentangle_eval.registry.lookup import load_registry
from disentangle_eval.runtime.devices import choose_device, describe_device, place
from disentangle_eval.runtime.evaluating import evaluating
from disentangle_eval.runtime.host_memory import keep_freed_memory
from disentangle_eval.scoring.measurements import CODE_NEEDS, plan

# What a task finds, by name: a `value`, and the `chance` level of a score.
Found = dict[str, float | None]
Task = Callable[[], Found]

SEED = 0
PARTS = ("encoding", "metrics", "reference")


def code_table() -> CodeTable:
    """Ten dimensions over dSprites: each factor mixed with a little of the others and noise, and five of noise.

    The noise is taken for the posterior's.
    """
    random = np.random.default_rng(SEED)
    classes = FACTORS.classes(np.arange(len(FACTORS))) / (np.array(FACTORS.sizes) - 1)
    mixing = np.eye(5) + 0.5 * random.normal(size=(5, 5))
    codes = np.hstack([classes @ mixing, np.zeros((len(classes), 5))]) + 0.1 * random.normal(size=(len(classes), 10))
    return CodeTable(codes.astype(np.float32), FACTORS, log_variance=np.full(codes.shape, 2 * np.log(0.1)))


# ---------------------------------------------------------------- ours


def metric_tasks(table: CodeTable, only: Sequence[str], protocols: Sequence[str]) -> Iterator[tuple[str, Task]]:
    """A score on the table by each metric that reads nothing but codes and factors."""
    registry = load_registry()
    names = [
        name
        for name, record in sorted(registry.metrics.items())
        if record.spec.needs <= CODE_NEEDS - {"labels"} and (not only or name in only)
    ]
    for measurement in plan(names, protocols):
        metric = registry.resolve(measurement.metric)(measurement.cfg)
        headline = measurement.metric.spec.headline
        name = f"{measurement.metric.spec.name} {measurement.protocol}"
        yield name, functools.partial(score, metric, headline, table)


def score(metric: Any, headline: str, table: CodeTable) -> Found:
    scores = metric.score(table, SEED)
    return {"value": float(scores.values[headline]), "chance": scores.chance}


def encoding_tasks(device: torch.device, images: int) -> Iterator[tuple[str, Task]]:
    """The first images of dSprites through a beta-VAE's encoder, as metrics ask for them and as plainly as it goes."""
    registry = load_registry()
    data = open_dataset("dsprites", None).to(device)
    record = registry.find_model("beta-vae")
    cfg = resolve(registry.resolve(record, "config"), "dsprites", None, {})
    model: Any = place(build_model(registry.resolve(record), cfg, data.shape, SEED), device).eval()
    index = np.arange(min(images, len(data)))

    def ours() -> Found:
        return {"value": float(EncodedSubject(model, data).codes(index).sum())}

    def plain() -> Found:
        with evaluating(model):
            return {"value": float(sum(model.encoder(x).sum() for _, x in image_batches(model, data, index)))}

    yield f"encode {len(index)}", ours
    yield f"forward {len(index)}", plain


# ---------------------------------------------------------------- the reference


class ReferenceData:
    """The grid as the reference samples it; an observation is its image's index."""

    num_factors = len(FACTORS.sizes)
    factors_num_values = FACTORS.sizes

    def sample_factors(self, count: int, random: np.random.RandomState) -> np.ndarray:
        return np.stack([random.randint(size, size=count) for size in FACTORS.sizes], axis=1)

    def sample_observations_from_factors(self, factors: np.ndarray, random: np.random.RandomState) -> np.ndarray:
        return FACTORS.index(factors)

    def sample_observations(self, count: int, random: np.random.RandomState) -> np.ndarray:
        return self.sample(count, random)[1]

    def sample(self, count: int, random: np.random.RandomState) -> tuple[np.ndarray, np.ndarray]:
        factors = self.sample_factors(count, random)
        return factors, self.sample_observations_from_factors(factors, random)


# The study's settings (unsupervised_study_v1): module, function, arguments, and the result that is its score.
SAMPLES = {"num_train": 10_000, "num_test": 5_000}
REFERENCE: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "factorvae": (
        "factor_vae",
        "compute_factor_vae",
        {
            "batch_size": 64,
            "num_train": 10_000,
            "num_eval": 5_000,
            "num_variance_estimate": 10_000,
        },
        "eval_accuracy",
    ),
    "higgins": (
        "beta_vae",
        "compute_beta_vae_sklearn",
        {"batch_size": 64, "num_train": 10_000, "num_eval": 5_000},
        "eval_accuracy",
    ),
    "mig": ("mig", "compute_mig", {"num_train": 10_000}, "discrete_mig"),
    "sap": ("sap_score", "compute_sap", {**SAMPLES, "continuous_factors": False}, "SAP_score"),
    "modularity-explicitness": (
        "modularity_explicitness",
        "compute_modularity_explicitness",
        SAMPLES,
        "modularity_score",
    ),
    "irs": ("irs", "compute_irs", {"num_train": 10_000, "diff_quantile": 0.99, "batch_size": 16}, "IRS"),
    "unsupervised": (
        "unsupervised_metrics",
        "unsupervised_metrics",
        {"num_train": 10_000},
        "gaussian_total_correlation",
    ),
    "dci": ("dci", "compute_dci", SAMPLES, "disentanglement"),
}


def reference_tasks(table: CodeTable, only: Sequence[str]) -> Iterator[tuple[str, Task]]:
    """The same scores by disentanglement_lib."""
    bind_gin()
    for name, (module, function, settings, key) in REFERENCE.items():
        if only and name not in only:
            continue
        found = importlib.import_module(f"disentanglement_lib.evaluation.metrics.{module}")
        compute = functools.partial(getattr(found, function), ReferenceData(), table.codes, **settings)
        yield f"{name} reference", functools.partial(reference_score, compute, key)


def reference_score(compute: Callable[..., dict[str, Any]], key: str) -> Found:
    return {"value": float(compute(np.random.RandomState(SEED))[key])}


def bind_gin() -> None:
    """A stand-in for `gin.tf`, which needs TensorFlow: it fills the settings that the study's files give."""
    required = object()

    def study(name: str) -> Any:
        if name == "discretizer_fn":
            return importlib.import_module("disentanglement_lib.evaluation.metrics.utils")._histogram_discretize
        return {"num_bins": 20, "threshold": 0.05}[name]

    def configurable(name: str, **_: Any) -> Callable[[Callable], Callable]:
        def decorate(function: Callable) -> Callable:
            signature = inspect.signature(function)
            open_settings = [name for name, parameter in signature.parameters.items() if parameter.default is required]

            @functools.wraps(function)
            def call(*args: Any, **kwargs: Any) -> Any:
                given = signature.bind_partial(*args, **kwargs).arguments
                return function(*args, **kwargs, **{name: study(name) for name in open_settings if name not in given})

            return call

        return decorate

    module = types.ModuleType("gin")
    module.tf = types.ModuleType("gin.tf")
    for part in (module, module.tf):
        part.configurable, part.REQUIRED = configurable, required
    sys.modules.update({"gin": module, "gin.tf": module.tf})


# ---------------------------------------------------------------- measuring


def measure(tasks: list[tuple[str, Task]], repeats: int) -> Iterator[dict[str, Any]]:
    """Every task `repeats` times, in turn; one line per task."""
    walls: dict[str, list[float]] = {name: [] for name, _ in tasks}
    cpus: dict[str, list[float]] = {name: [] for name, _ in tasks}
    found: dict[str, Found] = {}
    for _ in range(repeats):
        for name, task in tasks:
            wall, cpu = time.perf_counter(), cpu_seconds()
            found[name] = task()
            walls[name].append(time.perf_counter() - wall)
            cpus[name].append(cpu_seconds() - cpu)
    for name, _ in tasks:
        yield {
            "task": name,
            **found[name],
            "wall_seconds": round(statistics.median(walls[name]), 4),
            "cpu_seconds": round(statistics.median(cpus[name]), 4),
            "fastest_wall_seconds": round(min(walls[name]), 4),
            "repeats": repeats,
        }


def cpu_seconds() -> float:
    """CPU time of this process and of the children it has waited for."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="+", choices=PARTS)
    parser.add_argument("--only", nargs="*", default=[], help="metrics to time; all when left out")
    parser.add_argument("--protocol", nargs="*", default=[], help="protocols of the metrics; by default the first")
    parser.add_argument("--images", type=int, default=len(FACTORS), help="images to encode")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--out", type=Path, help="file the lines are added to; standard output when left out")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    # As `deval score` does.
    keep_freed_memory()
    device = choose_device(options.device)
    table = code_table()
    tasks = []
    if "encoding" in options.parts:
        tasks += encoding_tasks(device, options.images)
    if "metrics" in options.parts:
        tasks += metric_tasks(table, options.only, options.protocol)
    if "reference" in options.parts:
        tasks += reference_tasks(table, options.only)
    for timed in measure(tasks, options.repeats):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        found = {"seed": SEED, **timed, "peak_memory_mib": peak}
        write(line("metrics", found, describe_device(device)), options.out)


if __name__ == "__main__":
    main()
