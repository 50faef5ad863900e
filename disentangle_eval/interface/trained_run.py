"""A training run that is there: its log, scores, pictures and model."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from disentangle_eval.errors import UsageError
from disentangle_eval.interface.opening import load_model
from disentangle_eval.interface.paths import PathLike
from disentangle_eval.interface.results import load_results
from disentangle_eval.interface.scoring import score
from disentangle_eval.runtime.files import with_home
from disentangle_eval.training.folder import RunFolder

if TYPE_CHECKING:
    from PIL.Image import Image

    from disentangle_eval.api import Dataset
    from disentangle_eval.api.abilities import AnyModel
    from disentangle_eval.results import Result


@dataclass(frozen=True)
class TrainedRun:
    """A training run by its folder, which holds everything that is known of it.

    Where a function takes the path of a run, it takes a `TrainedRun`, too.

    Example::

        run = de.train("vae", "dsprites", iterations=1000)
        run.model().generate(z)
        run.score(metrics="mig")
    """

    folder: Path

    def __fspath__(self) -> str:
        return str(self.folder)

    @property
    def checkpoint(self) -> Path:
        """The newest checkpoint file."""
        return RunFolder(self.folder).checkpoint

    @property
    def description(self) -> dict[str, Any]:
        """The contents of run.json: model, config, settings, data, hardware and versions."""
        return RunFolder(self.folder).read_run()

    @property
    def log(self) -> list[dict[str, Any]]:
        """The lines of the log, one record per window: `iteration` and the mean of each term."""
        from disentangle_eval.runtime.json_lines import read_lines

        return read_lines(RunFolder(self.folder).log).records

    @property
    def results(self) -> list[dict[str, Any]]:
        """The scores of the run's models, as `load_results` returns them."""
        return load_results(self.folder) if RunFolder(self.folder).results.is_file() else []

    def model(self, device: str = "auto") -> AnyModel:
        """The model of the newest checkpoint, see `load_model`."""
        return load_model(self.folder, device)

    def score(self, dataset: Dataset | str | None = None, **options: Any) -> dict[str, Result]:
        """The scores of the newest checkpoint, see `score`."""
        return score(self, dataset, **options)

    def picture(self, kind: str) -> Image:
        """The newest picture of a kind, such as "samples", "traversal", "losses" or "scores"; a notebook shows it.

        Raises `UsageError` for a kind that the run has no picture of.
        """
        from PIL import Image

        found: dict[str, Path] = {}
        for path in sorted(RunFolder(self.folder).pictures.glob("*.png")):
            found[path.stem.rstrip("0123456789").rstrip("-")] = path
        if kind not in found:
            raise UsageError("picture", received=repr(kind), expected=f"one of: {', '.join(found) or 'none yet'}")
        with Image.open(found[kind]) as picture:
            return picture.copy()


def load_run(folder: PathLike) -> TrainedRun:
    """The run in a folder, as `train` returned it.

    Raises `UsageError` where the folder holds no run.

    Example::

        run = de.load_run("runs/vae-dsprites-seed0")
        run.log[-1]
    """
    run = TrainedRun(with_home(folder))
    if not RunFolder(run.folder).run_file.is_file():
        raise UsageError(
            "run", received=f"{os.fspath(folder)!r}, which holds no run", expected="a folder of `deval train`"
        )
    return run
