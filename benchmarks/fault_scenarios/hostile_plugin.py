"""A plugin with one fault, in a file next to a neighbour without any, and the list of faults."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Place = Literal[
    "import",
    "register_models",
    "register_datasets",
    "register_metrics",
    "settings",
    "model",
    "init",
    "players",
    "rounds",
    "losses",
    "encode",
    "generate",
    "dataset",
    "images",
    "metric",
    "score",
]
Ending = Literal["named", "one line", "harmless"]

# A line `#! place` is where the code of a fault at that place is put.
SOURCE = """
import contextlib
import os
import random
import sys
import warnings

import numpy as np
import torch
from torch import nn

from disentangle_eval import DatasetSpec, MetricSpec, ModelSpec, hookimpl
from disentangle_eval.api import Group, Losses, Metric, Model, Optim, Player, Round, Scores
from disentangle_eval.config import Field, MetricConfig, ModelConfig
from disentangle_eval.data import ByteImages, ImageDataset
from disentangle_eval.latents import Normal, Prior, continuous

#! import


class Settings(ModelConfig):
    width: int = Field(3, ge=1, description="columns of the code")
    #! settings


class Protocols(MetricConfig):
    protocols = {"standard": {"n": 1}}
    n: int = Field(1, ge=0, description="a number")


@hookimpl
def register_models():
    #! register_models
    yield ModelSpec(name="NAME", summary="x", target="MODULE:Hostile", config="MODULE:Settings")


@hookimpl
def register_datasets():
    #! register_datasets
    yield DatasetSpec(name="NAME-data", summary="x", target="MODULE:noise")


@hookimpl
def register_metrics():
    #! register_metrics
    yield MetricSpec(name="NAME-metric", summary="x", target="MODULE:Length", config="MODULE:Protocols",
                     needs=frozenset({"encoder"}), headline="value", better="higher")


class Hostile(Model):
    #! model
    def __init__(self, cfg, image):
        super().__init__(cfg, image)
        #! init
        self.encoder = nn.Linear(image.channels * image.height * image.width, cfg.width)
        self.decoder = nn.Linear(cfg.width, image.channels * image.height * image.width)
        self.image = image
        self.code = continuous(cfg.width)
        self.prior = Prior((Normal(cfg.width),))

    def players(self):
        #! players
        return [Player("only", (Group(self.encoder), Group(self.decoder)), Optim(lr=1e-3))]

    def rounds(self):
        #! rounds
        return [Round(self.losses, ("only",))]

    def losses(self, step):
        #! losses
        images = step.images()
        error = (self.decoder(self.encoder(images.flatten(1))) - images.flatten(1)).square().mean()
        return Losses(total={"only": error}, terms={"error": error.detach()})

    def encode(self, x):
        #! encode
        return self.encoder(x.flatten(1))

    def generate(self, z, draw=None):
        #! generate
        return self.decoder(z).sigmoid().reshape(-1, *self.image)


class Images(ImageDataset):
    def images(self, indices):
        #! images
        return super().images(indices)


def noise(spec, folder):
    #! dataset
    pixels = np.random.default_rng(0).integers(256, size=(32, 1, 8, 8), dtype=np.uint8)
    return Images("NAME-data", "0" * 64, ByteImages(torch.from_numpy(pixels)))


class Length(Metric):
    def score(self, subject, seed):
        #! score
        return Scores({"value": float(subject.codes(np.arange(4)).shape[1])})
"""


@dataclass(frozen=True)
class Fault:
    """Code put at a place, and how the commands that run it end.

    `named`: in one line with the plugin's file and line; `one line`: in one line; `harmless`: as without it.
    """

    place: Place
    code: str
    ending: Ending


RAISES = 'raise KeyError("first\\nsecond \\x1b[31m[/red]")'
PRINTS = 'print("HOSTILE OUTPUT \\x1b[2J"); sys.stdout.flush()'
HOOKS: tuple[Place, ...] = ("register_models", "register_datasets", "register_metrics")
CODE: tuple[Place, ...] = (
    "init",
    "players",
    "rounds",
    "losses",
    "encode",
    "generate",
    "dataset",
    "images",
    "score",
)
# Process-wide settings: if a plugin's changes lasted, other code would compute something else.
GLOBALS = (
    "torch.set_default_dtype(torch.float64)",
    "torch.set_default_device('meta')",
    "torch.set_grad_enabled(False)",
    "torch.set_num_threads(7)",
    "torch.use_deterministic_algorithms(True)",
    "torch.manual_seed(5); np.random.seed(5); random.seed(5)",
    "os.chdir('/')",
    "np.seterr(all='raise')",
    "warnings.simplefilter('error')",
    "sys.stdout = sys.stderr = None",
    "sys.setrecursionlimit(80)",
)


def faults() -> Iterator[Fault]:
    """All of them, the places of a plugin in the order in which commands come to them."""
    for place in ("import", *HOOKS, *CODE):
        yield Fault(place, RAISES, "named")
        yield Fault(place, "sys.exit(0)", "named")
        yield Fault(place, PRINTS, "harmless")
    for code in GLOBALS:
        for place in ("import", "init", "losses", "dataset", "score"):
            # A model may fail under the settings that its own code changed.
            yield Fault(place, code, "one line" if place in ("init", "losses") else "harmless")  # type: ignore[arg-type]
    yield Fault("import", "import a_module_nobody_has", "named")
    yield Fault("import", "x = (", "named")
    yield Fault("import", "raise ValueError('x' * 100_000)", "named")
    for place in HOOKS:
        for value in ("None", "3", "'text'", "[None, {}]"):
            yield Fault(place, f"return {value}", "one line")
    for name in ("[/red]", "\\x1b[31mred", "Not A Name", "", "x" * 10_000, "../../up", "none\\n"):
        spec = f"ModelSpec(name='{name}', summary='x', target='MODULE:Hostile', config='MODULE:Settings')"
        yield Fault("register_models", f"yield {spec}", "named")
    for noun, taken in (("Model", "vae"), ("Dataset", "dsprites"), ("Metric", "mig")):
        place = f"register_{noun.lower()}s"
        more = ", needs=frozenset(), headline='value', better='higher'" if noun == "Metric" else ""
        config = "" if noun == "Dataset" else ", config='MODULE:Settings'"
        spec = f"{noun}Spec(name='{taken}', summary='x', target='MODULE:Hostile'{config}{more})"
        yield Fault(place, f"yield {spec}", "one line")  # type: ignore[arg-type]
    for summary in ("[/red][bold]", "\\x1b[31m", "x" * 10_000, "\\u202edlrow"):
        spec = f"ModelSpec(name='dressed', summary='{summary}', target='MODULE:Hostile', config='MODULE:Settings')"
        yield Fault("register_models", f"yield {spec}", "harmless")
    yield Fault(
        "register_models", "yield ModelSpec(name='a', summary='x', target='MODULE:No', config='MODULE:No')", "one line"
    )
    for setting in (
        "iterations: int = Field(-3, description='x')",
        "batch_size: int = Field(0, description='x')",
        "help: int = Field(1, description='x')",
        "out: str = Field('', description='x')",
        "odd: object = Field(None, description='x')",
        "low: int = Field(-5, ge=0, description='x')",
        "said: str = Field('[/red]', description='[/red] \\x1b[31m')",
        "silent: int = 3",
    ):
        yield Fault("settings", setting, "one line")
    for value in ("None", "3", "'text'", "[]", "[None]"):
        yield Fault("players", f"return {value}", "named")
        yield Fault("rounds", f"return {value}", "named")
        yield Fault("losses", f"return {value}", "named")
    for code in (
        "self.weight = nn.Parameter(torch.empty(10**13))",
        "cfg.width = 10",
        "self.encoder = self.decoder = None; return",
        "image = image._replace(height=-1)",
    ):
        yield Fault("init", code, "named")
    total = "self.encoder.weight.sum()"
    for losses in (
        "Losses(total={}, terms={})",
        f"Losses(total={{'other': {total}}}, terms={{}})",
        f"Losses(total={{'only': {total}.item()}}, terms={{}})",
        f"Losses(total={{'only': {total}.detach()}}, terms={{}})",
        "Losses(total={'only': self.encoder.weight}, terms={})",
        f"Losses(total={{'only': {total}.to('meta')}}, terms={{}})",
        f"Losses(total={{'only': {total}}}, terms={{'[/red]\\x1b[31m': {total}.detach()}})",
        f"Losses(total={{'only': {total}}}, terms={{'x': 'text'}})",
        f"Losses(total={{'only': {total}}}, terms={{'iteration': {total}.detach()}})",
        f"Losses(total={{'only': {total}}}, terms={{3: {total}.detach()}})",
        f"Losses(total={{'only': {total} * float('nan')}}, terms={{}})",
    ):
        yield Fault("losses", f"return {losses}", "one line")
    yield Fault("losses", "self.extra = nn.Linear(2, 2)", "one line")
    yield Fault("losses", "self.note = object()", "harmless")
    for value in (
        "None",
        "'text'",
        "torch.zeros(3)",
        "torch.zeros(len(x), 99)",
        "torch.zeros(len(x) + 1, 3)",
        "torch.full((len(x), 3), float('nan'))",
        "torch.zeros(len(x), 3, dtype=torch.complex64)",
        "torch.zeros(len(x), 3, device='meta')",
        "torch.zeros(len(x), 3, requires_grad=True)",
    ):
        ending: Ending = "harmless" if "requires" in value else "one line"
        yield Fault("encode", f"return {value}", ending)
        yield Fault("generate", f"x = z; return {value}", "one line")
    yield Fault("model", "encode = generate = None", "one line")
    yield Fault("model", "encode = property(lambda self: 1 / 0)", "one line")
    yield Fault("init", "nn.Module.__setattr__(self, 'code', 'three columns')", "harmless")
    for value in ("None", "'text'", "torch.zeros(3)", "(1, 2)"):
        yield Fault("dataset", f"return {value}", "one line")
        yield Fault("images", f"return {value}", "one line")
    for value in (
        "torch.zeros(len(indices), 1, 9, 9)",
        "torch.full((len(indices), 1, 8, 8), float('nan'))",
        "torch.full((len(indices), 1, 8, 8), 255.0)",
        "torch.zeros(len(indices), 1, 8, 8, dtype=torch.float64)",
        "torch.zeros(len(indices), 1, 8, 8, device='meta')",
    ):
        yield Fault("images", f"return {value}", "one line")
    for value in (
        "None",
        "3.0",
        "{}",
        "Scores({})",
        "Scores({'value': None})",
        "Scores({'value': 'high'})",
        "Scores({'value': torch.zeros(2)})",
        "Scores({'value': 1.0, 'x': object()})",
        "Scores({'value': float('nan')})",
        "Scores({'value': 1.0}, counts={'n': 'many'})",
        "Scores({'value': 1.0}, counts=3)",
        "Scores('value')",
        "Scores({'value': 1.0}, chance='low')",
    ):
        yield Fault("score", f"return {value}", "one line")


def source(fault: Fault, module: str, name: str) -> str:
    """The plugin with that fault, as a module and under a name of its own."""
    lines = []
    for line in SOURCE.splitlines():
        indent, marker, place = line.partition("#! ")
        if not marker:
            lines.append(line)
        elif place == fault.place:
            lines += [indent + code for code in fault.code.split("\n")]
    return "\n".join(lines).replace("MODULE", module).replace("NAME", name) + "\n"
