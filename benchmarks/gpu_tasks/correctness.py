"""Does training on the device do what it should? Five checks per model, and one of what happens after a failed capture.

Every check is a few iterations; its line says how far results are apart, what was tolerated and whether that held.
"""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from disentangle_eval import checkpoint as checkpoints
from disentangle_eval.api import Losses, Round, Step
from disentangle_eval.checkpoint import Checkpoint
from disentangle_eval.runtime.draws import GeneratorDraw
from disentangle_eval.training.iteration import Terms, run_iteration
from disentangle_eval.training.run import Run, Watchers
from disentangle_eval.training.step import TrainingStep
from disentangle_eval.training.training import Training
from disentangle_eval.training.turns import take_turns
from gpu_tasks.cases import CASES, Bench, Case
from gpu_tasks.comparing import differing, distance, relative
from gpu_tasks.slices import Line, Task

SECONDS = 25.0
SEEDS = (0, 1, 2)
# A whole stretch and single iterations before a tick at which a run can be broken off, and the same after it.
ITERATIONS, TICK = 20, 10

CPU = torch.device("cpu")
AFTER = (1, 5)
# Losses and gradients at the very same weights differ by rounding alone. Adam and RMSprop blow rounding up in weights
# whose gradient is next to nothing: their first steps have one size for all.
AGAINST_CPU = {1: {"losses": 1e-4, "gradients": 3e-4, "weights": 1e-3}, 5: {"losses": 1e-2, "weights": 1e-2}}
# Rates that follow a schedule are float32 on the device, float64 in Python; all else should be the same bits.
AGAINST_EAGER = 1e-4


def tasks(bench: Bench) -> Iterator[Task]:
    for name, case in CASES.items():
        for check in CHECKS:
            label = check.__name__.replace("_", "-")
            yield Task(f"correctness/{name}/{label}", SECONDS, functools.partial(_checked, check, bench, case))


def last(bench: Bench) -> Iterator[Task]:
    """A failed capture can leave PyTorch's allocator in the middle of it, so everything measured comes before."""
    yield Task("correctness/failed-capture", SECONDS, functools.partial(_checked, failed_capture, bench, _first()))


def _checked(check: Callable[[Bench, Case, Path], Line], bench: Bench, case: Case) -> Iterator[Line]:
    folder = bench.work / "correctness"
    shutil.rmtree(folder, ignore_errors=True)
    line = check(bench, case, folder)
    yield {"check": check.__doc__, "model": case.model, "data": bench.data(case).name, "tiny": bench.tiny, **line}
    shutil.rmtree(folder, ignore_errors=True)


def _first() -> Case:
    return next(iter(CASES.values()))


# ---------------------------------------------------------------- against the CPU


class MovedStep:
    """A `Step` on a device whose images and draws are made on the CPU, and so are those of a CPU's step."""

    def __init__(self, step: TrainingStep, device: torch.device) -> None:
        self.plain = step
        self.device = device
        self.batch = step.batch
        self.data_size = step.data_size
        self.iteration = step.iteration.to(device, copy=True)

    def normal(self, *shape: int) -> Tensor:
        return self.plain.normal(*shape).to(self.device)

    def uniform(self, *shape: int) -> Tensor:
        return self.plain.uniform(*shape).to(self.device)

    def integers(self, high: int, *shape: int) -> Tensor:
        return self.plain.integers(high, *shape).to(self.device)

    def permutation(self, n: int, columns: int) -> Tensor:
        return self.plain.permutation(n, columns).to(self.device)

    def images(self) -> Tensor:
        return self.plain.images().to(self.device).contiguous(memory_format=torch.channels_last)


class Pupil:
    """A model trained eagerly on a device with the CPU's draws and images; keeps the last gradients taken."""

    def __init__(self, bench: Bench, case: Case, device: torch.device) -> None:
        cfg = bench.config(case, ITERATIONS)
        self.training = Training(bench.model(case, cfg, 0), bench.data(case), cfg, 0, device)
        images = Bench(CPU, bench.work, bench.tiny).data(case)
        self.step = MovedStep(TrainingStep(images, cfg.batch_size, 0, CPU), device)
        self.gradients: dict[str, Tensor] = {}
        names = {parameter: name for name, parameter in self.training.model.named_parameters()}
        for player in self.training.players.values():

            def keep(*_: Any, parameters: Sequence[nn.Parameter] = player.parameters) -> None:
                for parameter in parameters:
                    if parameter.grad is not None:
                        self.gradients[names[parameter]] = parameter.grad.clone()

            player.optimiser.register_step_pre_hook(keep)

    def train(self, iteration: int) -> Terms:
        training = self.training
        return run_iteration(training.rounds, training.players, self.step, iteration)  # type: ignore[arg-type]


def against_cpu(bench: Bench, case: Case, folder: Path) -> Line:
    """Eager on the device against the CPU, on the very same draws and images."""
    pupil, reference = Pupil(bench, case, bench.device), Pupil(bench, case, CPU)
    after: dict[int, Any] = {}
    for iteration in range(max(AFTER)):
        ours, theirs = pupil.train(iteration), reference.train(iteration)
        if iteration + 1 not in AFTER:
            continue
        losses = {name: relative(float(ours[name]), float(theirs[name])) for name in ours if name.startswith("loss_")}
        terms = {
            name: max(map(relative, ours[name].flatten().tolist(), theirs[name].flatten().tolist())) for name in ours
        }
        worst = max(terms, key=lambda name: terms[name])
        after[iteration + 1] = {
            "losses": max(losses.values()),
            "worst_term": terms[worst],
            "worst_term_name": worst,
            "gradients": distance(pupil.gradients, reference.gradients),
            "weights": distance(pupil.training.weights(), reference.training.weights()),
        }
    passed = all(
        (found[what]["all"] if isinstance(found[what], dict) else found[what]) <= most
        for iterations, found in after.items()
        for what, most in AGAINST_CPU[iterations].items()
    )
    return {"after": after, "tolerance": AGAINST_CPU, "passed": passed}


# ---------------------------------------------------------------- captured runs


def finished(run: Run, notes: list[str], broken_off: bool = False) -> Checkpoint:
    """The checkpoint a run ends with; broken off, that of its first tick."""
    run.train(Watchers(on_notice=(notes.append,), on_log=(lambda line, speed: run.stop(),) if broken_off else ()))
    return checkpoints.load(run.folder.checkpoint)


def started(bench: Bench, case: Case, folder: Path, **options: Any) -> Run:
    run = bench.run(case, folder, iterations=ITERATIONS, log=TICK, **options)
    run.start({})
    return run


def verdict(one: Checkpoint, other: Checkpoint, notes: list[str], tolerance: float) -> Line:
    """Whether weights are within a tolerance, random state and counters are the same, and nothing fell back to eager.

    A tolerance of 0 means the same bits everywhere.
    """
    different = differing(one, other)
    near = distance(one.weights, other.weights)
    state = [name for name in different if name.startswith("train.step")]
    return {
        "bit_equal": not different,
        "differing": different[:8],
        "differing_count": len(different),
        "weights": near,
        "fallback": notes,
        "tolerance": tolerance,
        "passed": not notes and not state and (near["all"] <= tolerance if tolerance else not different),
    }


def captured_against_eager(bench: Bench, case: Case, folder: Path) -> Line:
    """Iterations that are captured and replayed against the same launched one by one."""
    notes: list[str] = []
    captured = finished(started(bench, case, folder / "captured"), notes)
    eager = finished(started(bench, case, folder / "eager", captured=False), notes)
    return verdict(captured, eager, notes, AGAINST_EAGER)


def resumed(bench: Bench, case: Case, folder: Path) -> Line:
    """A captured run broken off at a checkpoint and resumed against one that was not."""
    notes: list[str] = []
    whole = finished(started(bench, case, folder / "whole"), notes)
    finished(started(bench, case, folder / "broken"), notes, broken_off=True)
    again = bench.run(case, folder / "broken", iterations=ITERATIONS, log=TICK)
    again.resume()
    line = verdict(finished(again, notes), whole, notes, tolerance=0)
    return {"resumed_at": TICK, **line}


def repeated(bench: Bench, case: Case, folder: Path) -> Line:
    """A captured run against the same run once more."""
    notes: list[str] = []
    once, again = (finished(started(bench, case, folder / name), notes) for name in ("once", "again"))
    return verdict(once, again, notes, tolerance=0)


def seeds_in_turn(bench: Bench, case: Case, folder: Path) -> Line:
    """Seeds trained in turn, on CUDA each on its stream, against each alone."""
    notes: list[str] = []
    alone = [finished(started(bench, case, folder / f"alone{seed}", seed=seed), notes) for seed in SEEDS]
    runs = [started(bench, case, folder / f"turn{seed}", seed=seed) for seed in SEEDS]
    take_turns([run.in_turns(Watchers(on_notice=(notes.append,))) for run in runs], bench.device)
    verdicts = [
        verdict(checkpoints.load(run.folder.checkpoint), one, notes, tolerance=0)
        for run, one in zip(runs, alone, strict=True)
    ]
    worst = min(verdicts, key=lambda line: bool(line["passed"]))
    return {"seeds": SEEDS, **worst}


CHECKS = (against_cpu, captured_against_eager, repeated, resumed, seeds_in_turn)


# ---------------------------------------------------------------- a capture that fails


def failed_capture(bench: Bench, case: Case, folder: Path) -> Line:
    """A model that reads the device in a loss is trained eagerly; the next one in the process is captured again."""
    if bench.device.type != "cuda":
        return {"skipped": "the CPU's stand-in for CUDA graphs captures a read like everything else"}
    notes: list[str] = []
    model = bench.model(case, bench.config(case, ITERATIONS), 0)
    rounds = [Round(reading(one.losses), one.players, one.every, one.repeats) for one in model.rounds()]
    model.rounds = lambda: rounds  # type: ignore[method-assign]
    fallen = finished(started(bench, case, folder / "reads", model=model), notes)
    generator = _global_generator(bench)
    later: list[str] = []
    captured = finished(started(bench, case, folder / "captured"), later)
    line = verdict(fallen, captured, later, AGAINST_EAGER)
    return {
        **line,
        "reason": notes,
        "global_generator": generator,
        "passed": line["passed"] and notes != [],
    }


def reading(losses: Callable[[Step], Losses]) -> Callable[[Step], Losses]:
    """The same losses after a read of the device, which no graph can hold."""

    def read(step: Step) -> Losses:
        float(step.iteration)
        return losses(step)

    return read


def _global_generator(bench: Bench) -> str:
    """Whether torch's own generator of the device still works; a failed capture can leave it unusable."""
    try:
        torch.rand(1, device=bench.device)
        GeneratorDraw(0, bench.device).normal(1)
    except RuntimeError as error:
        return str(error).splitlines()[0]
    return "works"
