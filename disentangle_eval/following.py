"""Following a score during training: each snapshot is scored, the best one is kept, and training may end early."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from disentangle_eval.errors import DevalError, UsageError, warn
from disentangle_eval.runtime.threads import threads_kept

if TYPE_CHECKING:
    from disentangle_eval.api import Model
    from disentangle_eval.results import Result
    from disentangle_eval.scoring.measurements import Measurement
    from disentangle_eval.training.folder import RunFolder
    from disentangle_eval.training.planning import RunSettings
    from disentangle_eval.training.run import Run

SCORE_SEED = 0

Log = Callable[[Mapping[str, Any], float | None], None]


@dataclass(frozen=True)
class Follow:
    """METRIC or METRIC:PROTOCOL, and after how many snapshots without a better score training ends."""

    score: str
    patience: int | None = None


def follow_of(settings: RunSettings) -> Follow | None:
    """What a run's settings say to follow; `UsageError` for patience with nothing."""
    if settings.follow is None and settings.patience is not None:
        raise UsageError("--patience", received=settings.patience, expected="--follow METRIC with it")
    return None if settings.follow is None else Follow(settings.follow, settings.patience)


def follower(
    run: Run, follow: Follow, say: Callable[[str], None], logs: Sequence[Log] = ()
) -> Callable[[Model[Any], int], None]:
    """A watcher of a run's snapshots that scores each as `deval score` does, into results.jsonl.

    Each score also goes to `logs`, as the line of an iteration. The snapshot with the best score so far is best.pt. A
    score that fails is a warning. `UsageError` at once as `measurement_of`.
    """
    measurement = measurement_of(follow, run)

    def score(_: Model[Any], iteration: int) -> None:
        try:
            # Opening a model limits the threads, on whose number the bits of training depend.
            with threads_kept():
                result = scored(run, measurement, iteration)
        except DevalError as error:
            warn(f"--follow {follow.score}: {error}")
            return
        so_far = {**followed(run.folder, result), iteration: result.value}
        best = best_iteration(so_far, result.better)
        if best == iteration:
            keep_best(run.folder, iteration)
        for log in logs:
            log({"iteration": iteration, f"score/{follow.score.replace(':', '/')}": result.value}, None)
        since = sum(at > best for at in so_far)
        say(f"iteration {iteration:,}: {follow.score} {result.value:.4f}, best {so_far[best]:.4f} at {best:,}")
        if follow.patience is not None and since >= follow.patience and run.iteration < run.iterations:
            say(f"stopping: {since} snapshots without a better {follow.score}; best.pt is that of {best:,}")
            run.stop()

    return score


def measurement_of(follow: Follow, run: Run) -> Measurement:
    """The metric and protocol that a run can follow; else `UsageError`."""
    from disentangle_eval.opening.subjects import open_subject
    from disentangle_eval.scoring.measurements import plan_of
    from disentangle_eval.scoring.needs import unmet

    measurement = plan_of(follow.score)
    if measurement.metric.spec.better == "neither":
        expected = "a metric of which higher or lower is better"
        raise UsageError("--follow", received=repr(follow.score), expected=expected)
    offered = open_subject(run.training.model, run.training.data, None).subject.offered
    if missing := unmet(measurement, offered):
        lack = f"metric {measurement.name!r} needs {', '.join(missing)}, which this model and its data do not offer"
        raise UsageError(f"--follow: {lack}", advice="`deval metrics` lists what each metric needs")
    return measurement


def scored(run: Run, measurement: Measurement, iteration: int) -> Result:
    """The score of a snapshot, from the run's results if it is there, else computed and added to them."""
    from disentangle_eval.opening.models import open_model
    from disentangle_eval.opening.subjects import open_subject
    from disentangle_eval.scoring.several import score_of

    opened = open_model(run.folder.snapshot(iteration), str(run.training.device))
    return score_of(measurement, open_subject(opened.model, run.training.data, opened.origin), SCORE_SEED)


def followed(folder: RunFolder, like: Result) -> dict[int, float]:
    """The recorded scores of the snapshots up to one, under the same settings, by iteration.

    A checkpoint that was scored between snapshots, such as after an interrupt, is left out: it is not kept.
    """
    from disentangle_eval.results import read_results

    return {
        line["iteration"]: line["value"]
        for line in read_results(folder.results)
        if is_alike(line, like) and like.iteration is not None and line["iteration"] <= like.iteration
        if line.get("checkpoint") == folder.snapshot(line["iteration"]).name
    }


def is_alike(line: Mapping[str, Any], result: Result) -> bool:
    """Whether a line of results.jsonl is the same score of a snapshot of the same run."""
    names: Sequence[str] = ("metric", "metric_version", "seed", "dataset_sha256")
    same = all(line.get(name) == getattr(result, name) for name in names) and line.get("iteration") is not None
    return same and line.get("settings") == dict(result.settings)


def best_iteration(scores: Mapping[int, float], better: str) -> int:
    """The iteration of the best score, of equal ones the first."""
    sign = -1 if better == "lower" else 1
    return max(sorted(scores), key=lambda iteration: sign * scores[iteration])


def keep_best(folder: RunFolder, iteration: int) -> None:
    """Make best.pt a copy of a snapshot."""
    from disentangle_eval.runtime.files import write_atomically

    contents = folder.snapshot(iteration).read_bytes()
    write_atomically(folder.best, lambda file: file.write(contents))
