"""Taking a model out: its encoder and generator as programs, its weights as plain tensors, and a model card."""

from __future__ import annotations

import importlib.util
import json
import shlex
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from disentangle_eval.api import Encoder, Generator, Model, Posterior
from disentangle_eval.checkpoint import Checkpoint, load
from disentangle_eval.config import flat
from disentangle_eval.errors import DevalError, UsageError, describe
from disentangle_eval.latents import classes_of
from disentangle_eval.metrics.toolbox.posteriors import base_of, is_normal_around_codes
from disentangle_eval.opening.models import restore_model
from disentangle_eval.opening.origins import find_checkpoint, find_run
from disentangle_eval.results import read_results
from disentangle_eval.runtime.draws import GeneratorDraw
from disentangle_eval.runtime.files import make_folder, sha256, write_atomically, writing
from disentangle_eval.runtime.programs import SETTINGS, without_log
from disentangle_eval.sources.adapters import text_of_prior
from disentangle_eval.sources.published import CONFIG, FORMAT, WEIGHTS
from disentangle_eval.sources.settings import source_settings, written_source

ExportKind = Literal["pt2", "onnx", "safetensors"]
EXAMPLES = 2


@dataclass(frozen=True)
class _Part:
    """A network to export: its name, an example of its input, and the settings with which its file is a source."""

    name: str
    network: nn.Module
    example: Tensor
    settings: Mapping[str, Any]

    @property
    def stored(self) -> str:
        """The settings as they are kept in the file."""
        return written_source("", source_settings(dict(self.settings))).removeprefix("?")


class _Encode(nn.Module):
    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> Tensor:
        codes: Tensor = self.model.encode(x)
        return codes


class _Infer(nn.Module):
    """The mean of a model's posterior, which is its code, and the log variance."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        posterior = base_of(self.model.posterior(x))
        return posterior.mean, 2 * posterior.stddev.log()


class _Generate(nn.Module):
    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, z: Tensor) -> Tensor:
        images: Tensor = self.model.generate(z)
        return images


def export_model(path: Path, kind: ExportKind, out: Path | None = None) -> list[Path]:
    """Write the model of a checkpoint or run folder to a folder, and return the files; the last is the model card.

    `pt2` and `onnx` write its encoder and generator, as far as it has them, for any number of images in [0, 1] or
    latents. An encoder whose codes are the means of normal posteriors has their log variances as a second output.
    `safetensors` writes its weights and settings. Under one version of torch equal models make equal `pt2` files.
    `UsageError` where a library is missing, `DevalError` where the model cannot be exported.
    """
    path = find_checkpoint(path)
    checkpoint = load(path, train=False)
    model = restore_model(checkpoint)
    if kind != "pt2":
        _require(kind)
    folder = out or path.with_name(f"{path.stem}-{kind}")
    make_folder(folder)
    files = _weights(checkpoint, folder) if kind == "safetensors" else _programs(model, checkpoint, kind, folder)
    card = folder / "README.md"
    text = model_card(path, checkpoint, files, getattr(model, "prior", None))
    write_atomically(card, lambda file: file.write(text.encode()))
    return [*files, card]


def _programs(model: Model[Any], checkpoint: Checkpoint, kind: ExportKind, folder: Path) -> list[Path]:
    parts = []
    if isinstance(model, Encoder):
        parts.append(_encoder(model, GeneratorDraw(0).uniform(EXAMPLES, *checkpoint.data["shape"])))
    if isinstance(model, Generator):
        parts.append(_generator(model))
    if not parts:
        raise UsageError(
            f"model {checkpoint.model['name']!r} has neither an encoder nor a generator to export",
            advice="--to safetensors writes its weights",
        )
    write: Callable[[_Part, Path], None] = {"pt2": _write_pt2, "onnx": _write_onnx}[kind]
    files = []
    for part in parts:
        file = folder / f"{part.name}.{kind}"
        try:
            with _whole(file) as unfinished, _without_checks_of_parameters():
                part.network.eval()
                write(part, unfinished)
        except DevalError:
            raise
        except Exception as error:  # whatever a model that cannot be traced makes torch raise
            raise DevalError(
                f"the {part.name} of {checkpoint.model['name']!r} cannot be exported as {kind} "
                f"({describe(error)[:300]})",
                advice="choose another format, such as --to safetensors, which takes every model",
            ) from error
        files.append(file)
    return files


def _encoder(model: Encoder, example: Tensor) -> _Part:
    if isinstance(model, Posterior) and is_normal_around_codes(model, example):
        return _Part("encoder", _Infer(model), example, {"log_variance": "1"})
    classes = classes_of(model.code)
    return _Part("encoder", _Encode(model), example, {"code_classes": classes} if any(classes) else {})


def _generator(model: Generator) -> _Part:
    prior = text_of_prior(model.prior)
    settings = {"role": "generator", "prior": prior} if prior else {}
    return _Part("generator", _Generate(model), model.prior.sample(GeneratorDraw(0), EXAMPLES), settings)


@contextmanager
def _without_checks_of_parameters() -> Iterator[None]:
    """Within, distributions of torch look at no values, which a network that is being traced does not have."""
    before = Distribution._validate_args
    Distribution.set_default_validate_args(False)
    try:
        yield
    finally:
        Distribution.set_default_validate_args(before)


@contextmanager
def _whole(file: Path) -> Iterator[Path]:
    """A path of the same name in a temporary folder; what is written there takes the file's place at the end."""
    with writing(file), TemporaryDirectory(dir=file.parent, prefix=".") as folder:
        unfinished = Path(folder) / file.name
        yield unfinished
        unfinished.replace(file)


def _write_pt2(part: _Part, file: Path) -> None:
    batch = torch.export.Dim("batch", min=1)
    with torch.no_grad():
        program = torch.export.export(part.network, (part.example,), dynamic_shapes=({0: batch},))
    # Lines of source with this machine's paths: the same model would be another file in another folder.
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)
    # torch opens its files by name alone.
    torch.export.save(program, file, extra_files={SETTINGS: part.stored})


def _write_onnx(part: _Part, file: Path) -> None:
    import onnx

    outputs = ["output", "log_variance"] if "log_variance" in part.settings else ["output"]
    with warnings.catch_warnings(), without_log("torch.onnx"), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            part.network,
            (part.example,),
            file,
            input_names=["input"],
            output_names=outputs,
            dynamic_axes={name: {0: "batch"} for name in ("input", *outputs)},
            dynamo=False,
        )
    model = onnx.load(file)
    onnx.helper.set_model_props(model, {SETTINGS: part.stored})
    onnx.save(model, file)


def _weights(checkpoint: Checkpoint, folder: Path) -> list[Path]:
    from safetensors.torch import save

    weights, config = folder / WEIGHTS, folder / CONFIG
    tensors = {name: value.detach().clone().contiguous() for name, value in checkpoint.weights.items()}
    serialised = save(tensors, metadata={"model": str(checkpoint.model["name"])})
    write_atomically(weights, lambda file: file.write(serialised))
    parts = {name: dict(getattr(checkpoint, name)) for name in ("model", "config", "data", "versions")}
    contents = {"format": FORMAT, **parts, "seed": checkpoint.seed, "iteration": checkpoint.iteration}
    text = json.dumps(contents, indent=2) + "\n"
    write_atomically(config, lambda file: file.write(text.encode()))
    return [weights, config]


def _require(package: str) -> None:
    if importlib.util.find_spec(package) is None:
        raise UsageError(f"--to {package}: {package} is not installed", advice=f"pip install {package}")


def model_card(path: Path, checkpoint: Checkpoint, files: Sequence[Path], prior: Any = None) -> str:
    """What the model is, how it is used, what it was trained on, its settings and its scores, as Markdown."""
    name, data = checkpoint.model["name"], checkpoint.data
    run = find_run(path)
    scores = (
        [line for line in read_results(run.results) if line.get("iteration") == checkpoint.iteration] if run else []
    )
    channels, height, width = data["shape"]
    return "\n".join(
        [
            "---",
            "library_name: disentangle-eval",
            "tags: [disentanglement]",
            "---",
            "",
            f"# {name} on {data['name']}",
            "",
            f"Trained with disentangle_eval: seed {checkpoint.seed}, {checkpoint.iteration:,} iterations. Images are "
            f"float32 (B, {channels}, {height}, {width}) in [0, 1].",
            "",
            *_table(["file", "sha256"], [[f"`{file.name}`", sha256(file)] for file in files]),
            "",
            *_use(checkpoint, files, prior),
            "## Scores",
            "",
            *(_table(["metric", "protocol", "value", "chance", "data"], _rows(scores)) if scores else ["None yet."]),
            "",
            "## Settings",
            "",
            *_table(["setting", "value"], [[f"`{key}`", str(value)] for key, value in flat(checkpoint.config).items()]),
            "",
        ]
    )


def _use(checkpoint: Checkpoint, files: Sequence[Path], prior: Any) -> list[str]:
    """How each exported program is scored or drawn from."""
    commands = []
    for file in files:
        if file.stem == "encoder":
            dataset = shlex.quote(checkpoint.data["dataset"])
            commands.append(f"deval score {file.name} --dataset {dataset} --metric unsupervised")
        if file.stem == "generator" and text_of_prior(prior):
            commands.append(f"deval sample {file.name}")
    return ["## Use", "", "```sh", *commands, "```", ""] if commands else []


def _rows(scores: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    return [
        [
            str(score["metric"]),
            str(score["settings"]["protocol"]),
            f"{score['value']:.4f}",
            "" if score.get("chance") is None else f"{score['chance']:.4f}",
            str(score.get("dataset")),
        ]
        for score in scores
    ]


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [header, ["---"] * len(header), *rows]
    return [f"| {' | '.join(cells)} |" for cells in lines]
