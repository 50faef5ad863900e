"""What follows a run while it trains: progress, trackers, pictures and scores of snapshots."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

from disentangle_eval.config import flat, resolve
from disentangle_eval.errors import UsageError, warn
from disentangle_eval.following import Follow, follower

if TYPE_CHECKING:
    from disentangle_eval.api import Model
    from disentangle_eval.training.progress import Progress
    from disentangle_eval.training.run import Run, Watchers

    SnapshotWatcher = Callable[[Model[Any], int], None]

# The same latents in every run and picture, so that pictures can be compared.
PICTURE_SEED = 0


@contextmanager
def watching(run: Run, *, alone: bool, progress: bool, follow: Follow | None = None) -> Iterator[Watchers]:
    """The watchers of a run: progress, TensorBoard and other trackers, pictures and scores at each snapshot.

    At the end the plots of the run are drawn.
    """
    import torch

    from disentangle_eval.report.run_pictures import draw_run
    from disentangle_eval.training.events import event_writer, tensorboard_installed
    from disentangle_eval.training.progress import no_progress, remarks, show_progress, slowdown
    from disentangle_eval.training.run import Watchers
    from disentangle_eval.training.trackers import trackers

    label = f"{run.identity.model} seed {run.training.seed}"

    def notice(text: str) -> None:
        warn(f"{label}: {text}")

    events = (event_writer(run.folder.events, run.iteration),) if tensorboard_installed() else ()
    pace = [remarks(run.iterations, shorter(run), notice)] if alone else []
    pace += [slowdown(torch.get_num_threads(), notice)] if run.training.device.type == "cpu" else []
    title = f"{label} on {run.identity.dataset}"
    with (
        show_progress(label, run.iterations, alone) if progress else no_progress() as shown,
        trackers(title, run.folder.root, flat(run.training.cfg.model_dump(mode="json"))) as tracked,
    ):
        logs = (*events, *tracked)
        snapshots = [announced(shown, "drawing pictures of", drawing(run))]
        if follow:
            score = follower(run, follow, shown.say, logs)
            snapshots.append(announced(shown, f"scoring {follow.score} at", score))
        yield Watchers(
            on_start=(shown.on_start,),
            on_iteration=(shown.on_iteration, *pace),
            on_log=(shown.on_log, *logs),
            on_snapshot=tuple(snapshots),
            on_notice=(notice,),
        )
        with shown.doing("drawing plots"):
            draw_run(run.folder)


def drawing(run: Run) -> SnapshotWatcher:
    """A watcher of snapshots that draws samples, a traversal and the model's own pictures."""
    from disentangle_eval.report.run_pictures import draw_model
    from disentangle_eval.report.traversal import chosen_image

    image = partial(chosen_image, run.training.data, PICTURE_SEED)

    def draw(model: Model[Any], iteration: int) -> None:
        draw_model(model, run.folder, iteration, PICTURE_SEED, run.training.device, image)

    return draw


def announced(shown: Progress, what: str, watcher: SnapshotWatcher) -> SnapshotWatcher:
    """The same watcher of snapshots, which progress shows as `what` and the iteration while it works."""

    @wraps(watcher)
    def watch(model: Model[Any], iteration: int) -> None:
        with shown.doing(f"{what} iteration {iteration:,}"):
            watcher(model, iteration)

    return watch


def shorter(run: Run) -> str:
    """How to train a run's model for less: a shorter preset for its data, if there is one, and --iterations."""
    config, dataset = type(run.training.cfg), run.identity.dataset
    lengths = {}
    for preset in config.presets:
        with suppress(UsageError):
            lengths[preset] = resolve(config, dataset, preset, {}).iterations
    short = min(lengths, key=lambda preset: lengths[preset], default=None)
    if short is None or lengths[short] >= run.iterations:
        return "--shorten N or --iterations N trains for less"
    return f"--preset {short} ({lengths[short]:,} iterations), --shorten N or --iterations N trains for less"
