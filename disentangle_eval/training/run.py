"""A training run: a training with a folder, started or resumed, whose files are whole at any moment."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any

from disentangle_eval import checkpoint as checkpoints
from disentangle_eval.api import Model
from disentangle_eval.checkpoint import Checkpoint
from disentangle_eval.errors import DevalError, UsageError, describe, is_broken_pipe
from disentangle_eval.registry.lines import located
from disentangle_eval.runtime.devices import describe_device
from disentangle_eval.runtime.evaluating import evaluating
from disentangle_eval.runtime.files import WriteError, make_folder
from disentangle_eval.runtime.versions import versions
from disentangle_eval.training.folder import RunFolder, append_line, cut_back, sync
from disentangle_eval.training.training import Training, refuse_broken
from disentangle_eval.training.turns import take_turns
from disentangle_eval.training.validation import Validation


@dataclass(frozen=True, kw_only=True)
class Ticks:
    """Iterations between log lines, checkpoints and snapshots. A kept snapshot also draws pictures."""

    log: int = 100
    checkpoint: int = 1000
    snapshot: int = 5000


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What is trained: name, distribution and version of the model's spec, and the data set as it was named."""

    model: str
    distribution: str
    version: int
    dataset: str


@dataclass(frozen=True, kw_only=True)
class Watchers:
    """Functions called while a run trains.

    `on_start` gets the iteration it starts from, `on_iteration` the iteration after each one (on CUDA, each few),
    at next to no cost. `on_log` gets each log line with the iterations per second of its window,
    `on_snapshot` the model in eval mode and the iteration of each kept snapshot, `on_notice` one line on what is
    otherwise worth knowing.
    """

    on_start: tuple[Callable[[int], None], ...] = ()
    on_iteration: tuple[Callable[[int], None], ...] = ()
    on_log: tuple[Callable[[Mapping[str, Any], float], None], ...] = ()
    on_snapshot: tuple[Callable[[Model[Any], int], None], ...] = ()
    on_notice: tuple[Callable[[str], None], ...] = ()


class Run:
    """A training with its folder: log lines, checkpoints, snapshots and watchers."""

    def __init__(
        self,
        training: Training,
        *,
        identity: Identity,
        folder: RunFolder,
        ticks: Ticks,
        validation: Validation | None = None,
    ) -> None:
        self.training = training
        self.identity = identity
        self.folder = folder
        self.ticks = ticks
        self.validation = validation
        self.stopping = False
        self.stopped_by: int | None = None

    @property
    def iteration(self) -> int:
        """Iterations trained so far."""
        return self.training.iteration

    @property
    def iterations(self) -> int:
        """Iterations after which the run ends."""
        return self.training.cfg.iterations

    # ------------------------------------------------------------ starting

    def start(self, settings: Mapping[str, Any]) -> None:
        """Make the run folder and write the state before the first iteration."""
        self.folder.create()
        self.save()
        self.folder.write_run(self.description(settings))

    def description(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """What run.json holds."""
        return {
            **asdict(self.identity),
            "seed": self.training.seed,
            "config": self.training.cfg.model_dump(mode="json"),
            "data": self._data(),
            "hardware": describe_device(self.training.device),
            "settings": dict(settings),
            "versions": versions(),
        }

    def resume(self) -> None:
        """Go back to the newest checkpoint; log lines written after it are dropped.

        `UsageError` where the checkpoint is another run's, the data are not those it was trained on, or more iterations
        are done than there are to be.
        """
        checkpoint = checkpoints.load(self.folder.checkpoint)
        path = repr(str(self.folder.checkpoint))
        if checkpoint.train is None:
            raise DevalError(
                f"{path}: holds no training state, so the run cannot go on", advice="start a new run in another --out"
            )
        self._refuse_other_run(checkpoint)
        if checkpoint.iteration > self.iterations:
            raise UsageError(
                "--resume: iterations",
                received=f"{self.iterations:,}",
                expected=f"at least the {checkpoint.iteration:,} that are done",
            )
        try:
            self.training.restore(checkpoint.weights, checkpoint.train, checkpoint.iteration)
        except (AttributeError, KeyError, RuntimeError, TypeError, ValueError) as error:
            raise DevalError(
                f"{path}: its training state does not fit the model ({describe(error)[:200]})",
                advice="start a new run in another --out",
            ) from None
        for log in (self.folder.log, self.folder.speed):
            cut_back(log, self.iteration)

    # ------------------------------------------------------------ running

    def train(self, watchers: Watchers | None = None) -> None:
        """Train up to the last iteration, or until `stop`; either way the folder ends with a whole checkpoint."""
        take_turns([self.in_turns(watchers or Watchers())], self.training.device)

    def in_turns(self, watchers: Watchers) -> Iterator[None]:
        """As `train`, with a pause after every few iterations in which others may train."""
        with closing(self.training):
            try:
                yield from self._train(watchers)
            except WriteError as error:
                remedy = f"{error.remedy}, then continue" if error.remedy == "free some space" else "continue"
                raise DevalError(error.what, advice=f"{remedy} from the last checkpoint with --resume") from error

    def stop(self, signal: int | None = None) -> None:
        """Let the run end after the iteration under way; `signal` is the one that demands it, if one does."""
        self.stopping = True
        self.stopped_by = self.stopped_by if signal is None else signal

    def save(self) -> None:
        """Write the newest checkpoint, whole."""
        self._refuse_broken_weights()
        # Else a power cut could leave a checkpoint that is newer than its log.
        for log in (self.folder.log, self.folder.speed):
            sync(log)
        checkpoints.save(self.folder.checkpoint, self._checkpoint(train=self.training.state()))

    def _train(self, watchers: Watchers) -> Iterator[None]:
        self._call(watchers.on_start, self.iteration)
        if self.iteration == 0 and not self.stopping:
            self._keep()
            self._show(watchers)
        noticed, draws = None, self.training.global_draws
        since, clock = self.iteration, time.perf_counter()
        while self.iteration < self.iterations and not self.stopping:
            self.training.stretch(self._until_tick())
            if self.training.not_captured != noticed:
                noticed = self.training.not_captured
                notice = f"not captured in a CUDA graph, so each iteration is launched from Python: {noticed}"
                self._call(watchers.on_notice, notice)
            if draws is None and (draws := self.training.global_draws):
                self._call(watchers.on_notice, self._of_global_draws(draws))
            # Files first: what a watcher does with them may fail.
            last = self.iteration == self.iterations
            logs, keeps, saves = (
                last or self.iteration % every == 0
                for every in (self.ticks.log, self.ticks.snapshot, self.ticks.checkpoint)
            )
            if logs:
                line = self._log()
                speed = (self.iteration - since) / (time.perf_counter() - clock)
                append_line(self.folder.speed, {"iteration": self.iteration, "iterations_per_second": speed})
            if keeps:
                self._keep()
            if saves:
                self.save()
            self._call(watchers.on_iteration, self.iteration)
            if logs:
                self._call(watchers.on_log, line, speed)
                since, clock = self.iteration, time.perf_counter()
            if keeps:
                paused = time.perf_counter()
                self._show(watchers)
                clock += time.perf_counter() - paused
            yield
        if self.stopping:
            self.save()

    def _call(self, watchers: Iterable[Callable[..., None]], *arguments: Any) -> None:
        """Call watchers; where one fails the run is saved before that ends it."""
        for watcher in watchers:
            try:
                watcher(*arguments)
            except (Exception, SystemExit) as error:
                self.save()
                if isinstance(error, DevalError) or is_broken_pipe(error):
                    raise
                name = getattr(watcher, "__qualname__", repr(watcher)).partition(".<locals>")[0]
                raise DevalError(
                    f"{name}: {located(error)}", advice="the run is saved; add --resume to the command to continue it"
                ) from error

    def _of_global_draws(self, generators: Iterable[str]) -> str:
        return (
            f"{' and '.join(generators)} used in the first iteration: neither --seed nor --resume fixes this run; "
            f"`deval check {self.identity.model}` names the line"
        )

    def _show(self, watchers: Watchers) -> None:
        with evaluating(self.training.model):
            self._call(watchers.on_snapshot, self.training.model, self.iteration)

    def _until_tick(self) -> int:
        """Iterations up to the next one after which something is due."""
        ticks = (self.ticks.log, self.ticks.snapshot, self.ticks.checkpoint)
        return min(self.iterations - self.iteration, *(tick - self.iteration % tick for tick in ticks))

    def _keep(self) -> None:
        path = self.folder.snapshot(self.iteration)
        make_folder(path.parent)
        self._refuse_broken_weights()
        checkpoints.save(path, self._checkpoint(train=None))

    def _log(self) -> dict[str, Any]:
        held_back = {} if self.validation is None else self.validation.means()
        terms = self.training.means() | held_back
        refuse_broken(terms, self.iteration, self.ticks.log)
        line = {"iteration": self.iteration, **terms}
        append_line(self.folder.log, line)
        return line

    def _refuse_other_run(self, checkpoint: Checkpoint) -> None:
        mine = self._checkpoint(train=None)
        pairs: list[tuple[str, Any, Any]] = [("seed", checkpoint.seed, mine.seed)]
        for theirs, ours in ((checkpoint.model, mine.model), (checkpoint.data, mine.data)):
            pairs += [(key, value, ours.get(key)) for key, value in theirs.items()]
        pairs += [(key, value, mine.config.get(key)) for key, value in checkpoint.config.items() if key != "iterations"]
        changed = [f"{key} is {value!r} in it, received {here!r}" for key, value, here in pairs if value != here]
        if changed:
            raise UsageError(
                f"--resume: {str(self.folder.checkpoint)!r} is of another run: {'; '.join(changed)}",
                advice="give what it was trained with, or start a new run in another --out",
            )

    def _refuse_broken_weights(self) -> None:
        if self.training.broken_weights():
            raise DevalError(
                f"weights became NaN or infinite by iteration {self.iteration}",
                advice=f"the last whole checkpoint is kept in {str(self.folder.root)!r}; try a lower --lr",
            )

    def _checkpoint(self, train: dict[str, Any] | None) -> Checkpoint:
        return Checkpoint(
            model={
                "name": self.identity.model,
                "distribution": self.identity.distribution,
                "version": self.identity.version,
            },
            config=self.training.cfg.model_dump(mode="json"),
            data=self._data(),
            seed=self.training.seed,
            iteration=self.iteration,
            weights=self.training.weights(),
            train=train,
            versions=versions(),
        )

    def _data(self) -> dict[str, Any]:
        data = self.training.data
        return {"dataset": self.identity.dataset, "name": data.name, "sha256": data.sha256, "shape": list(data.shape)}
