"""A training run: started or resumed, played iteration by iteration, left whole at any moment."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from disentangle_eval import checkpoint as checkpoints
from disentangle_eval.api import Dataset, Model
from disentangle_eval.checkpoint import Checkpoint
from disentangle_eval.config import ModelConfig
from disentangle_eval.errors import DevalError, UsageError, describe
from disentangle_eval.runtime.devices import describe_device, place, use_exact_kernels
from disentangle_eval.runtime.evaluating import evaluating
from disentangle_eval.runtime.files import make_folder
from disentangle_eval.runtime.versions import versions
from disentangle_eval.train.captured import CannotCapture, CapturedIterations
from disentangle_eval.train.folder import RunFolder, append_line, cut_back, sync
from disentangle_eval.train.graph import NewGraph
from disentangle_eval.train.iteration import run_iteration
from disentangle_eval.train.players import build_players
from disentangle_eval.train.precision import Precision, set_precision
from disentangle_eval.train.step import TrainingStep
from disentangle_eval.train.turns import take_turns
from disentangle_eval.train.window import Window


@dataclass(frozen=True, kw_only=True)
class Ticks:
    """How often, in iterations, things happen beside training. A kept snapshot also draws pictures."""

    log: int = 100
    checkpoint: int = 1000
    snapshot: int = 5000


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Whose run it is: the model's record, the dataset's record name and the seed."""

    model: str
    distribution: str
    version: int
    dataset: str
    seed: int


@dataclass(frozen=True, kw_only=True)
class Watchers:
    """Who is told what: each window's log line with its speed, each kept snapshot's model, and what else to know."""

    log: tuple[Callable[[Mapping[str, Any], float], None], ...] = ()
    snapshot: tuple[Callable[[Model[Any], int], None], ...] = ()
    started: tuple[Callable[[int], None], ...] = ()
    note: tuple[Callable[[str], None], ...] = ()


class Run:
    """A model being trained on a data set, with its folder.

    With `new_graph` its iterations are recorded and played again, without it each is computed by Python.
    """

    def __init__(
        self,
        *,
        identity: Identity,
        cfg: ModelConfig,
        model: Model[Any],
        data: Dataset,
        device: torch.device,
        folder: RunFolder,
        ticks: Ticks,
        precision: Precision = "float32",
        new_graph: NewGraph | None = None,
    ) -> None:
        self.identity = identity
        self.cfg = cfg
        use_exact_kernels(device)
        self.model = place(model, device).train()
        self.data = data
        self.device = device
        self.folder = folder
        self.ticks = ticks
        set_precision(self.model, precision, device)
        self.players = build_players(self.model)
        self.rounds = self.model.rounds()
        self.step = TrainingStep(data, cfg.batch_size, identity.seed, device)
        self.window = Window()
        self.new_graph = new_graph
        self.iteration = 0
        self.stopping = False

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
            "config": self.cfg.model_dump(mode="json"),
            "data": self._data(),
            "hardware": describe_device(self.device),
            "settings": dict(settings),
            "versions": versions(),
        }

    def resume(self) -> None:
        """Go back to the newest checkpoint; log lines written after it are dropped.

        `UsageError` where the checkpoint is another run's, or the data are not those it was trained on.
        """
        checkpoint = checkpoints.load(self.folder.checkpoint)
        if checkpoint.train is None:
            raise DevalError(f"{str(self.folder.checkpoint)!r}: holds no training state, so the run cannot go on")
        self._refuse_other_run(checkpoint)
        try:
            self.model.load_state_dict(dict(checkpoint.weights))
            for name, player in self.players.items():
                player.load(checkpoint.train["players"][name])
            self.step.restore(checkpoint.train["step"], checkpoint.iteration)
            self.window.restore(checkpoint.train["window"], self.device)
        except (AttributeError, KeyError, RuntimeError, TypeError, ValueError) as error:
            raise DevalError(
                f"{str(self.folder.checkpoint)!r}: its training state does not fit the model "
                f"({describe(error)[:200]}); start anew in another --out"
            ) from None
        self.iteration = checkpoint.iteration
        for log in (self.folder.log, self.folder.speed):
            cut_back(log, self.iteration)

    # ------------------------------------------------------------ running

    def train(self, watchers: Watchers) -> None:
        """Train up to `cfg.iterations`, or until `stop`; either way the folder ends with a whole checkpoint."""
        take_turns([self.training(watchers)], self.device)

    def training(self, watchers: Watchers) -> Iterator[None]:
        """As `train`, with a pause after every few iterations in which others may train."""
        with closing(self.step):
            yield from self._training(watchers)

    def stop(self) -> None:
        """Ask the run to end after the iteration under way."""
        self.stopping = True

    def save(self) -> None:
        """Write the newest checkpoint, whole."""
        self._refuse_broken_weights()
        # Else a power cut could leave a checkpoint that is newer than its log.
        for log in (self.folder.log, self.folder.speed):
            sync(log)
        checkpoints.save(self.folder.checkpoint, self._checkpoint(train=self._train_state()))

    def _training(self, watchers: Watchers) -> Iterator[None]:
        for tell in watchers.started:
            tell(self.iteration)
        if self.iteration == 0:
            self._keep(watchers)
        advance = self._advancing(watchers)
        since, clock = self.iteration, time.perf_counter()
        while self.iteration < self.cfg.iterations and not self.stopping:
            self.iteration += advance(self.iteration, self._until_tick())
            last = self.iteration == self.cfg.iterations
            if last or self.iteration % self.ticks.log == 0:
                line = self._log()
                speed = (self.iteration - since) / (time.perf_counter() - clock)
                append_line(self.folder.speed, {"iteration": self.iteration, "iterations_per_second": speed})
                for tell_line in watchers.log:
                    tell_line(line, speed)
                since, clock = self.iteration, time.perf_counter()
            if last or self.iteration % self.ticks.snapshot == 0:
                self._keep(watchers)
            if last or self.iteration % self.ticks.checkpoint == 0:
                self.save()
            yield
        if self.stopping:
            self.save()

    def _advancing(self, watchers: Watchers) -> Callable[[int, int], int]:
        """What trains from an iteration on, for at most so many, and says for how many it did."""
        if self.new_graph is None:
            return self._advance_eagerly
        use: Callable[[int, int], int]
        try:
            use = self._captured(self.new_graph).advance
        except CannotCapture as reason:
            return self._fall_back(reason, watchers)

        def advance(iteration: int, most: int) -> int:
            nonlocal use
            try:
                return use(iteration, most)
            except CannotCapture as reason:
                use = self._fall_back(reason, watchers)
                return use(iteration, most)

        return advance

    def _captured(self, new_graph: NewGraph) -> CapturedIterations:
        return CapturedIterations(
            self.model,
            self.rounds,
            self.players,
            self.step,
            self.window,
            lambda: new_graph(self.step.generator),
        )

    def _fall_back(self, reason: CannotCapture, watchers: Watchers) -> Callable[[int, int], int]:
        for note in watchers.note:
            note(f"not captured in a CUDA graph, so each iteration is launched from Python: {reason}")
        return self._advance_eagerly

    def _advance_eagerly(self, iteration: int, most: int) -> int:
        self.window.add(run_iteration(self.rounds, self.players, self.step, iteration))
        return 1

    def _until_tick(self) -> int:
        """Iterations up to the next one after which something is due."""
        ticks = (self.ticks.log, self.ticks.snapshot, self.ticks.checkpoint)
        return min(self.cfg.iterations - self.iteration, *(tick - self.iteration % tick for tick in ticks))

    def _keep(self, watchers: Watchers) -> None:
        path = self.folder.snapshot(self.iteration)
        make_folder(path.parent)
        self._refuse_broken_weights()
        checkpoints.save(path, self._checkpoint(train=None))
        with evaluating(self.model):
            for tell in watchers.snapshot:
                tell(self.model, self.iteration)

    def _log(self) -> dict[str, Any]:
        means = self.window.means()
        refuse_broken(means, self.iteration, self.ticks.log)
        line = {"iteration": self.iteration, **means}
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
                f"--resume: {str(self.folder.checkpoint)!r} is of another run: {'; '.join(changed)}; give what it was "
                "trained with, or start anew in another --out"
            )

    def _refuse_broken_weights(self) -> None:
        broken = [~weight.isfinite().all() for weight in self.model.parameters()]
        # A buffer may well hold an infinity, such as a mask.
        broken += [buffer.isnan().any() for buffer in self.model.buffers()]
        if any(map(bool, broken)):
            raise DevalError(
                f"weights became NaN or infinite by iteration {self.iteration}; the last whole checkpoint is kept in "
                f"{str(self.folder.root)!r}; try a lower --lr"
            )

    def _train_state(self) -> dict[str, Any]:
        return {
            "players": {name: player.optimiser.state_dict() for name, player in self.players.items()},
            "step": self.step.state(),
            "window": self.window.state(),
        }

    def _checkpoint(self, train: dict[str, Any] | None) -> Checkpoint:
        return Checkpoint(
            model={
                "name": self.identity.model,
                "distribution": self.identity.distribution,
                "version": self.identity.version,
            },
            config=self.cfg.model_dump(mode="json"),
            data=self._data(),
            seed=self.identity.seed,
            iteration=self.iteration,
            weights=weights(self.model),
            train=train,
            versions=versions(),
        )

    def _data(self) -> dict[str, Any]:
        return {
            "dataset": self.identity.dataset,
            "name": self.data.name,
            "sha256": self.data.sha256,
            "shape": list(self.data.shape),
        }


def weights(model: Model[Any]) -> dict[str, Tensor]:
    """Parameters and buffers by name, a plain dict."""
    return {name: value.detach() for name, value in model.state_dict().items()}


def refuse_broken(means: Mapping[str, float | list[float]], iteration: int, window: int) -> None:
    """`DevalError` naming the first logged term that is NaN or infinite."""
    for name, value in means.items():
        numbers: Iterable[float] = value if isinstance(value, list) else [value]
        if not all(math.isfinite(number) for number in numbers):
            raise DevalError(
                f"{name} became NaN or infinite between iterations {max(0, iteration - window)} and {iteration}; "
                "the last whole checkpoint is kept; try a lower --lr or another --seed"
            )
