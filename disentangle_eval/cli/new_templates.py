"""The files of a new plugin, by kind. NAME, MODULE and CLASS are replaced by the plugin's own."""

from __future__ import annotations

import re

PYPROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "deval-NAME"
version = "0.1.0"
description = "NAME for disentangle_eval"
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["disentangle-eval"]

[project.entry-points.deval]
NAME = "MODULE"

[tool.hatch.build.targets.wheel]
packages = ["MODULE"]
"""

CI = """\
name: test
on: [push, pull_request]
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with: {python-version: "3.11"}
      - run: python -m pip install pytest -e .
      - run: python -m pytest -q
"""

README = """\
# deval-NAME

The KIND `NAME` for disentangle_eval.

```sh
python -m pip install pytest -e .
python -m pytest -q
COMMAND
```

- `MODULE/__init__.py`: the spec of the KIND, its name and where its code is; it imports nothing slow
FILES
- `tests/`: the checks of the plugin interface, and your own
"""

COMMANDS = {
    "model": "deval check NAME && deval train NAME --iterations 1000",
    "metric": "deval check NAME && deval score --metric NAME CHECKPOINT",
    "dataset": "deval check NAME && deval data show NAME",
}

# What the files of a kind are for.
PURPOSES = {
    "model": """\
- `MODULE/config.py`: its settings, which become options of `deval train NAME`
- `MODULE/model.py`: the model: its players, their losses, and what it can do""",
    "metric": """\
- `MODULE/config.py`: its settings and protocols
- `MODULE/metric.py`: the metric""",
    "dataset": """\
- `MODULE/data.py`: its images and their factors""",
}

MODEL = {
    "MODULE/__init__.py": '''\
"""The model NAME; its specs, which import neither torch nor the model."""

from disentangle_eval import ModelSpec, hookimpl


@hookimpl
def register_models():
    yield ModelSpec(
        name="NAME",
        summary="an autoencoder to start from",
        target="MODULE.model:CLASS",
        config="MODULE.config:CLASSConfig",
        api=1,
    )
''',
    "MODULE/config.py": '''\
"""Settings of NAME, which become options of `deval train NAME`."""

from disentangle_eval.config import Field, ModelConfig


class CLASSConfig(ModelConfig):
    latent_dim: int = Field(10, ge=1, description="dimensions of the representation")
    lr: float = Field(1e-3, gt=0, description="learning rate (Adam)")
''',
    "MODULE/model.py": '''\
"""NAME: players, rounds of losses, and what the model can do.

What a model can do follows from its methods; `deval check NAME` lists those that it does not have. `deval sample` and
metrics such as fid need `self.prior` (a Prior of disentangle_eval.latents) and `generate(z)`. Metrics of posteriors
need `posterior(x)`. `deval traverse` and the traversals drawn during training need `traversal(draw)`. A subclass of
disentangle_eval.nn.gaussian_vae.GaussianVAE has all of these and only adds its loss. The guide "Write a plugin" lists
every method.
"""

import math

from torch import nn
from torch.nn.functional import mse_loss

from disentangle_eval.api import Group, Losses, Model, Optim, Player, Round
from disentangle_eval.latents import continuous


class CLASS(Model):
    def __init__(self, cfg, image):
        super().__init__(cfg, image)
        pixels = math.prod(image)
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(pixels, 256), nn.ReLU(), nn.Linear(256, cfg.latent_dim))
        self.decoder = nn.Sequential(nn.Linear(cfg.latent_dim, 256), nn.ReLU(), nn.Linear(256, pixels), nn.Sigmoid())
        self.code = continuous(cfg.latent_dim)

    def players(self):
        return [Player("autoencoder", (Group(self.encoder), Group(self.decoder)), Optim(lr=self.cfg.lr))]

    def rounds(self):
        return [Round(self.losses, ("autoencoder",))]

    def losses(self, step):
        x = step.images()
        error = mse_loss(self.reconstruct(x), x)
        return Losses(total={"autoencoder": error}, terms={"squared_error": error.detach()})

    def encode(self, x):
        return self.encoder(x)

    def reconstruct(self, x):
        return self.decoder(self.encoder(x)).view(-1, *self.image)
''',
    "tests/test_MODULE.py": '''\
"""The model keeps every promise of the plugin interface."""

from disentangle_eval.testing import parametrize_checks


@parametrize_checks("NAME", image=(1, 16, 16))
def test_conformance(check):
    check()
''',
}

METRIC = {
    "MODULE/__init__.py": '''\
"""The metric NAME; its specs, which import neither torch nor the metric."""

from disentangle_eval import MetricSpec, hookimpl


@hookimpl
def register_metrics():
    yield MetricSpec(
        name="NAME",
        summary="largest absolute correlation of each factor with a code dimension",
        target="MODULE.metric:CLASS",
        config="MODULE.config:CLASSConfig",
        needs=frozenset({"encoder", "factors"}),
        headline="value",
        better="higher",
        api=1,
    )
''',
    "MODULE/config.py": '''\
"""Settings of NAME, and the protocols it is reported under, the default first."""

from typing import ClassVar

from disentangle_eval.config import Field, MetricConfig


class CLASSConfig(MetricConfig):
    protocols: ClassVar = {"standard": {"num_images": 10_000}}

    num_images: int = Field(10_000, ge=2, description="random images the correlations are taken over")
''',
    "MODULE/metric.py": '''\
"""NAME: the mean over factors of the largest absolute correlation with a code dimension."""

import numpy as np

from disentangle_eval.api import Metric, Scores


class CLASS(Metric):
    def score(self, subject, seed):
        random = np.random.default_rng(seed)
        index = random.integers(len(subject), size=self.cfg.num_images)
        factors, codes = subject.factors.classes(index), subject.codes(index)
        top, unrelated = largest(factors, codes), largest(factors, random.permutation(codes))
        return Scores({"value": float(top.mean()), "by_factor": top.tolist()}, chance=float(unrelated.mean()))


def largest(factors, codes):
    """Classes (N, F) and codes (N, K) -> (F,)."""
    return np.abs(standardised(factors).T @ standardised(codes)).max(axis=1) / len(codes)


def standardised(columns):
    centred = columns - columns.mean(axis=0)
    return centred / np.maximum(centred.std(axis=0), 1e-12)
''',
    "tests/test_MODULE.py": '''\
"""The metric keeps every promise of the plugin interface; a code that is the factors scores 1, a constant one 0."""

import numpy as np

import disentangle_eval as de
from disentangle_eval.testing import parametrize_checks

GRID = np.stack(np.unravel_index(np.arange(60), (3, 4, 5)), axis=1)


def score(codes):
    return de.score(codes, factor_sizes=(3, 4, 5), metrics="NAME", seed=1)["NAME"]


def test_the_factors_score_1_and_a_constant_0():
    assert abs(score(GRID).value - 1) < 1e-6
    assert score(np.ones((60, 2))).value == 0


@parametrize_checks("NAME", kind="metric")
def test_conformance(check):
    check()
''',
}

DATASET = {
    "MODULE/__init__.py": '''\
"""The data set NAME; its specs, which import neither torch nor the data."""

from disentangle_eval import DatasetSpec, hookimpl


@hookimpl
def register_datasets():
    yield DatasetSpec(
        name="NAME",
        summary="squares of 3 sizes at 8 x 8 places",
        target="MODULE.data:load",
        kind="factors",
        drawn=True,
        api=1,
    )
''',
    "MODULE/data.py": '''\
"""NAME: images by index and the factors behind them."""

import hashlib

import numpy as np
import torch

from disentangle_eval.data import ByteImages, FactorSpace, ImageDataset

FACTORS = FactorSpace(("side", "x", "y"), (3, 8, 8))


def load(spec, folder):
    """A white square of side 4, 6 or 8 with its corner at any of 8 x 8 places, in 16 x 16 pixels."""
    side, left, top = FACTORS.classes(np.arange(len(FACTORS))).T[:, :, None, None]
    row, column = np.arange(16)[:, None], np.arange(16)
    far = 4 + 2 * side
    white = (left <= column) & (column < left + far) & (top <= row) & (row < top + far)
    pixels = np.where(white, 255, 0).astype(np.uint8)[:, None]
    sha256 = hashlib.sha256(pixels.tobytes()).hexdigest()
    return ImageDataset("NAME@drawn", sha256, ByteImages(torch.from_numpy(pixels)), FACTORS)
''',
    "tests/test_MODULE.py": '''\
"""The data set keeps every promise of the plugin interface, and its first image is the smallest square."""

import disentangle_eval as de
from disentangle_eval.testing import parametrize_checks


@parametrize_checks("NAME", kind="dataset")
def test_conformance(check):
    check()


def test_the_first_image_is_a_square_of_side_4_in_the_corner():
    image, classes = de.load_dataset("NAME")[0]
    assert image.sum() == 16
    assert list(classes) == [0, 0, 0]
''',
}

FILES = {"model": MODEL, "metric": METRIC, "dataset": DATASET}


def files_of(kind: str, name: str) -> dict[str, str]:
    """The contents of every file of a new plugin, by path."""
    module = "deval_" + name.replace("-", "_")
    words = "".join(word.capitalize() for word in name.split("-"))
    if any(re.search(rf"\b{words}\b", text) for text in FILES[kind].values()):  # a name that its files import
        words += "Own"
    readme = README.replace("COMMAND", COMMANDS[kind]).replace("KIND", kind).replace("FILES", PURPOSES[kind])
    contents = {**FILES[kind], "pyproject.toml": PYPROJECT, ".github/workflows/test.yml": CI, "README.md": readme}

    def filled(text: str) -> str:
        return text.replace("NAME", name).replace("MODULE", module).replace("CLASS", words)

    return {filled(path): filled(text) for path, text in contents.items()}
