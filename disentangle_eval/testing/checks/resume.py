"""A run that was stopped and goes on is the run that was not."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from disentangle_eval import checkpoint as checkpoints
from disentangle_eval.api import Model
from disentangle_eval.checkpoint import Checkpoint
from disentangle_eval.runtime.global_randomness import borrowed_globals
from disentangle_eval.testing.candidate import Candidate
from disentangle_eval.testing.checks.evaluation import check_evaluation, distance, evaluated
from disentangle_eval.testing.checks.replicas import check_replicas
from disentangle_eval.testing.checks.rounds import check_iteration_counter
from disentangle_eval.testing.failure import ConformanceFailure, explained
from disentangle_eval.testing.trial import CPU, training_images
from disentangle_eval.testing.verdict import judge, rests_on
from disentangle_eval.training.folder import RunFolder
from disentangle_eval.training.run import Identity, Run, Ticks, Watchers
from disentangle_eval.training.training import Training

CHECK = "resume"
ITERATIONS = 5
STOP_AT = 3
# The stop falls inside a log window.
TICKS = Ticks(log=2, checkpoint=100, snapshot=STOP_AT)
SEED = 0
CHANGE = (
    "keep all that training changes in parameters or persistent buffers, and nothing else: "
    "no plain attributes, no Python counters"
)


def check_resume(candidate: Candidate) -> None:
    """A run stopped after 3 of 5 iterations and resumed equals an unbroken one to the last bit.

    Compared are weights, buffers, optimiser state and log, and what the trained model returns with what a model
    returns that has its checkpoint. The models that resume and load are constructed from another seed, as `deval score`
    constructs them from none: what the constructor drew at random must come from the checkpoint.
    """
    rests_on(candidate, check_iteration_counter, check_replicas)
    with tempfile.TemporaryDirectory(prefix="deval-check-") as temporary:
        unbroken, broken = RunFolder(Path(temporary) / "unbroken"), RunFolder(Path(temporary) / "broken")
        with explained(CHECK, CHANGE):
            with borrowed_globals(seed=0):
                run = _run(candidate, unbroken, seed=SEED)
                run.start({})
                run.train()
                trained = run.training.model
            with borrowed_globals(seed=0):
                run = _run(candidate, broken, seed=SEED)
                run.start({})
                run.train(Watchers(on_snapshot=(_stop_at(run, STOP_AT),)))
                run = _run(candidate, broken, seed=SEED + 1)
                run.resume()
                run.train()
        whole = checkpoints.load(unbroken.checkpoint)
        _compare(whole, checkpoints.load(broken.checkpoint), unbroken.log.read_bytes() == broken.log.read_bytes())
        _compare_loaded(candidate, trained, whole)


def _run(candidate: Candidate, folder: RunFolder, seed: int) -> Run:
    """A run of seed `SEED` whose model was constructed from `seed`."""
    spec = candidate.registered.spec
    cfg = candidate.settings().model_copy(update={"iterations": ITERATIONS})
    identity = Identity(
        model=spec.name, distribution=candidate.registered.distribution, version=spec.version, dataset="random"
    )
    training = Training(candidate.model(seed), training_images(candidate), cfg, SEED, CPU)
    return Run(training, identity=identity, folder=folder, ticks=TICKS)


def _stop_at(run: Run, iteration: int) -> Any:
    return lambda model, reached: run.stop() if reached == iteration else None


def _compare(whole: Checkpoint, resumed: Checkpoint, same_log: bool) -> None:
    changed = [
        *_differences(whole.weights, resumed.weights, "weights"),
        *_differences(whole.train or {}, resumed.train or {}, "train"),
    ]
    if not same_log:
        changed.append("the log")
    if changed:
        raise ConformanceFailure(
            CHECK,
            f"{', '.join(changed[:3])} different after stopping at iteration {STOP_AT} and resuming",
            "the same to the last bit",
            CHANGE,
        )


def _compare_loaded(candidate: Candidate, trained: Model[Any], checkpoint: Checkpoint) -> None:
    """A model that loads a checkpoint returns what the trained one does, as far as it is a function of its input."""
    if judge(candidate, check_evaluation) is not None:
        return
    loaded = candidate.model(SEED + 1)
    loaded.load_state_dict(checkpoint.weights)
    expected, found = (evaluated(model.eval(), candidate) for model in (trained, loaded))
    for name, value in expected.items():
        if distance(found[name], value) > 1:
            raise ConformanceFailure(
                CHECK,
                f"other results of {name} from a model that loads the checkpoint",
                "those of the trained model",
                CHANGE,
            )


def _differences(a: Any, b: Any, path: str) -> Iterator[str]:
    """The paths at which two trees of plain containers and tensors differ."""
    if isinstance(a, Mapping) and isinstance(b, Mapping) and a.keys() == b.keys():
        for key in a:
            yield from _differences(a[key], b[key], f"{path}.{key}")
    elif isinstance(a, list | tuple) and isinstance(b, list | tuple) and len(a) == len(b):
        for position, (first, second) in enumerate(zip(a, b, strict=True)):
            yield from _differences(first, second, f"{path}.{position}")
    elif isinstance(a, Tensor) and isinstance(b, Tensor):
        if a.dtype != b.dtype or not torch.equal(a, b):
            yield path
    elif a != b:
        yield path
