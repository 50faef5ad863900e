"""A model in training, without a folder: model, data, settings, seed and device in; weights and logged terms out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

from disentangle_eval.api import Dataset, Model
from disentangle_eval.config import ModelConfig
from disentangle_eval.errors import DevalError
from disentangle_eval.registry.plugin_code import put_back, settings_of_process, settings_of_torch
from disentangle_eval.runtime.devices import place, use_exact_kernels
from disentangle_eval.runtime.global_randomness import GlobalState
from disentangle_eval.runtime.processor import Products
from disentangle_eval.runtime.subnormals import Subnormals, set_subnormals, subnormals_on
from disentangle_eval.training.capture import CannotCapture, CapturedIterations
from disentangle_eval.training.graph import NewGraph
from disentangle_eval.training.iteration import run_iteration
from disentangle_eval.training.players import build_players, refuse_idle
from disentangle_eval.training.precision import Precision, rounded_products, set_precision
from disentangle_eval.training.step import TrainingStep
from disentangle_eval.training.window import Window


class Training:
    """A model, its players and the step of its rounds: `advance(n)` trains, `window` holds the terms logged meanwhile.

    The model is moved to `device`, laid out for it and set to train; `data` must be on the device already. Everything
    follows from the model's weights and `seed`; on a CPU also from `products`, whose products fully connected layers
    take, and from `subnormals`, whether such numbers are kept. With `new_graph` iterations are captured and replayed; a
    model that cannot be captured is trained eagerly from the same state, and `not_captured` says why. `global_draws`
    names the global generators that the first stretch used, None before it: their numbers follow from no seed.
    """

    def __init__(
        self,
        model: Model[Any],
        data: Dataset,
        cfg: ModelConfig,
        seed: int,
        device: torch.device,
        *,
        precision: Precision = "float32",
        products: Products | None = None,
        subnormals: Subnormals | None = None,
        new_graph: NewGraph | None = None,
    ) -> None:
        use_exact_kernels(device)
        self.model = place(model, device, products).train()
        self.data = data
        self.cfg = cfg
        self.seed = seed
        self.device = device
        self.precision = precision
        self.subnormals = subnormals or subnormals_on(device.type, torch.get_num_threads())
        set_precision(self.model, precision, device)
        self.players = build_players(self.model)
        self.rounds = tuple(self.model.rounds())
        refuse_idle(self.rounds, self.players)
        self.step = TrainingStep(data, cfg.batch_size, seed, device)
        self.window = Window()
        self.iteration = 0
        self.not_captured: str | None = None
        self.global_draws: tuple[str, ...] | None = None
        self._new_graph = new_graph
        self._captured: CapturedIterations | None = None

    def advance(self, iterations: int) -> None:
        """Train for so many iterations."""
        end = self.iteration + iterations
        while self.iteration < end:
            self.stretch(end - self.iteration)

    def stretch(self, most: int) -> int:
        """Train for as many iterations as one captured graph holds, at most `most`; eagerly, one. Returns how many."""
        before = GlobalState.now() if self.global_draws is None else None
        set_subnormals(self.subnormals)
        with rounded_products(self.precision):
            done = self._replay(most) or self._compute()
        self.iteration += done
        if before is not None:
            self.global_draws = tuple(before.moved())
        return done

    def means(self) -> dict[str, float | list[float]]:
        """The mean of each term since the last call, one number per column for vectors, read from the device."""
        return self.window.means()

    def state(self) -> dict[str, Any]:
        """Everything training needs to go on except the weights: plain containers and tensors."""
        return {
            "players": {name: player.optimiser.state_dict() for name, player in self.players.items()},
            "step": self.step.state(),
            "window": self.window.state(),
        }

    def weights(self) -> dict[str, Tensor]:
        """Parameters and buffers by name; not copies."""
        return {name: value.detach() for name, value in self.model.state_dict().items()}

    def restore(self, weights: Mapping[str, Tensor], state: Mapping[str, Any], iteration: int) -> None:
        """Go on from the weights and state of another training, after so many iterations of it.

        Raises whatever a state that does not fit makes torch and the containers raise; `UsageError` where the random
        state is of another kind of device.
        """
        self._captured = self.step.queue = None
        self.model.load_state_dict(dict(weights))
        for name, player in self.players.items():
            player.load(state["players"][name])
        self.step.restore(state["step"], iteration)
        self.window.restore(state["window"], self.device)
        self.iteration = iteration

    def broken_weights(self) -> bool:
        """Whether a parameter is NaN or infinite, or a buffer NaN."""
        broken = [~weight.isfinite().all() for weight in self.model.parameters()]
        # A buffer may well hold an infinity, such as a mask.
        broken += [buffer.isnan().any() for buffer in self.model.buffers()]
        return any(map(bool, broken))

    def close(self) -> None:
        """End the thread that gathers images ahead, if any, and keep subnormal numbers; training may go on later."""
        self.step.close()
        set_subnormals("kept")

    def _replay(self, most: int) -> int:
        """Iterations trained from a captured graph, 0 where the model is trained eagerly."""
        if self._new_graph is None:
            return 0
        try:
            if self._captured is None:
                self._captured = self._capturing(self._new_graph)
            return self._captured.advance(self.iteration, most)
        except CannotCapture as reason:
            self.not_captured = str(reason)
            self._new_graph = self._captured = None
            return 0

    def _capturing(self, new_graph: NewGraph) -> CapturedIterations:
        return CapturedIterations(
            self.model, self.rounds, self.players, self.step, self.window, lambda: new_graph(self.step.generator)
        )

    def _compute(self) -> int:
        before = settings_of_torch()
        try:
            self.window.add(run_iteration(self.rounds, self.players, self.step, self.iteration))
        finally:
            if settings_of_torch() != before:
                put_back(settings_of_process() | before, f"model class {type(self.model).__name__}")
        return 1


def refuse_broken(means: Mapping[str, float | list[float]], iteration: int, window: int) -> None:
    """`DevalError` naming the first logged term that is NaN or infinite."""
    for name, value in means.items():
        numbers: Iterable[float] = value if isinstance(value, list) else [value]
        if not all(math.isfinite(number) for number in numbers):
            raise DevalError(
                f"{name} became NaN or infinite between iterations {max(0, iteration - window)} and {iteration}",
                advice="the last whole checkpoint is kept; try a lower --lr or another --seed",
            )
