"""What a study is: models, settings and seeds, and its trials."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from pydantic import StrictInt

from disentangle_eval.config import Config, Field
from disentangle_eval.registry.names import parse_dataset
from disentangle_eval.study.figure import FigureSettings

# In a study's file; `true` is no seed.
Seeds = str | StrictInt | tuple[StrictInt, ...]


class StudySettings(Config):
    """What a study file says besides its models."""

    name: str = Field(min_length=1, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", description="name of the study")
    dataset: str | tuple[str, ...] = Field("dsprites", description="data set, or several, on which models train")
    preset: str | None = Field(None, description="preset of every model without one of its own")
    seeds: Seeds = Field("0", description="seeds of every trial, such as 0-4 or 0,3")
    iterations: int | None = Field(None, ge=1, description="training iterations  [default: the preset's]")
    metrics: tuple[str, ...] = Field((), description="metrics to score, each NAME or NAME:PROTOCOL")
    score_seed: int = Field(0, ge=0, description="seed of the metrics' random draws")
    snapshots: Literal["last", "all"] = Field("last", description="which snapshots are scored")
    batch_statistics: Literal["running", "clean"] = Field("running", description="batch statistics of scored models")
    precision: Literal["float32", "tf32", "bf16"] = Field("float32", description="arithmetic of the networks")
    log_every: int = Field(100, ge=1, description="iterations per line of the log")
    checkpoint_every: int = Field(1000, ge=1, description="iterations between checkpoints")
    snapshot_every: int = Field(5000, ge=1, description="iterations between kept snapshots")
    figure: FigureSettings | None = Field(None, description="what `deval study figure` draws")


class EntrySettings(Config):
    """What an entry of `[[models]]` says besides the settings of its model, in place of what the study says."""

    model: str = Field(description="name of the model")
    dataset: str | tuple[str, ...] | None = Field(None, description="data set, or several, on which it trains")
    preset: str | None = Field(None, description="preset of the model")
    seeds: Seeds | None = Field(None, description="seeds of its trials")
    iterations: int | None = Field(None, ge=1, description="training iterations")


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One training run of a study and what is scored of it.

    `changes` are the settings that the study gives, `config` all settings, resolved. `run` holds the settings of the
    run itself: precision, log_every, checkpoint_every and snapshot_every.
    """

    model: str
    distribution: str
    version: int
    dataset: str
    preset: str | None
    seed: int
    changes: Mapping[str, Any]
    config: Mapping[str, Any]
    run: Mapping[str, Any]
    metrics: tuple[str, ...]
    score_seed: int
    snapshots: str
    batch_statistics: str = "running"

    @property
    def key(self) -> str:
        """A short hash of everything that defines the weights that come out; settings that are None define nothing."""
        names = ("model", "distribution", "version", "dataset", "seed")
        defined = {name: getattr(self, name) for name in names} | {"precision": self.run["precision"]}
        defined["config"] = {name: value for name, value in self.config.items() if value is not None}
        return hashlib.sha256(json.dumps(defined, sort_keys=True).encode()).hexdigest()[:12]

    @property
    def setting(self) -> str:
        """All but the seed; trials of one setting can be trained side by side."""
        return json.dumps({name: value for name, value in asdict(self).items() if name != "seed"}, sort_keys=True)

    @property
    def folder(self) -> str:
        """The name of the trial's folder: readable first, then the hash."""
        return f"{self.model}-{parse_dataset(self.dataset).short}-seed{self.seed}-{self.key}"

    @property
    def title(self) -> str:
        """The trial in a line of progress: model, what the study changes, data set, seed."""
        changed = [f"{name}={value}" for name, value in self.changes.items() if name != "iterations"]
        return " ".join([self.model, *changed, f"on {self.dataset} seed {self.seed}"])


@dataclass(frozen=True, kw_only=True)
class Study:
    """A name, what holds for all trials, and the trials in the order of the file."""

    name: str
    settings: StudySettings
    trials: tuple[Trial, ...] = field(default=())
