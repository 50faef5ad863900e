"""Taking a model out: its encoder and generator as programs, its weights as plain tensors, and a model card."""

from __future__ import annotations

import importlib.util
import json
import shlex
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import torch
from torch import Tensor, nn

from disentangle_eval.api import Encoder, Generator, Model
from disentangle_eval.checkpoint import Checkpoint
from disentangle_eval.config import flat
from disentangle_eval.errors import DevalError, UsageError, describe
from disentangle_eval.opening.models import restore_model
from disentangle_eval.opening.origins import find_checkpoint, find_run
from disentangle_eval.results import read_results
from disentangle_eval.runtime.draws import GeneratorDraw
from disentangle_eval.runtime.files import make_folder, sha256, write_atomically, writing
from disentangle_eval.runtime.programs import without_log
from disentangle_eval.sources.adapters import text_of_prior
from disentangle_eval.sources.published import CONFIG, FORMAT, WEIGHTS

ExportKind = Literal["pt2", "onnx", "safetensors"]
EXAMPLES = 2


class _Encode(nn.Module):
    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> Tensor:
        codes: Tensor = self.model.encode(x)
        return codes


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
    latents; `safetensors` its weights and settings. Under one version of torch equal models make equal `pt2` files.
    `UsageError` where a library is missing, `DevalError` where the model cannot be exported.
    """
    from disentangle_eval.checkpoint import load

    path = find_checkpoint(path)
    checkpoint = load(path)
    model = restore_model(checkpoint)
    folder = out or path.with_name(f"{path.stem}-{kind}")
    make_folder(folder)
    files = _weights(checkpoint, folder) if kind == "safetensors" else _programs(model, checkpoint, kind, folder)
    card = folder / "README.md"
    text = model_card(path, checkpoint, files, getattr(model, "prior", None))
    write_atomically(card, lambda file: file.write(text.encode()))
    return [*files, card]


def _programs(model: Model[Any], checkpoint: Checkpoint, kind: ExportKind, folder: Path) -> list[Path]:
    parts: list[tuple[str, nn.Module, Tensor]] = []
    if isinstance(model, Encoder):
        parts.append(("encoder", _Encode(model), GeneratorDraw(0).uniform(EXAMPLES, *checkpoint.data["shape"])))
    if isinstance(model, Generator):
        parts.append(("generator", _Generate(model), model.prior.sample(GeneratorDraw(0), EXAMPLES)))
    if not parts:
        raise UsageError(
            f"model {checkpoint.model['name']!r} has neither an encoder nor a generator to export",
            advice="--to safetensors writes its weights",
        )
    write: Callable[[nn.Module, Tensor, Path], None] = {"pt2": _write_pt2, "onnx": _write_onnx}[kind]
    files = []
    for name, part, example in parts:
        file = folder / f"{name}.{kind}"
        try:
            with _whole(file) as unfinished:
                write(part.eval(), example, unfinished)
        except DevalError:
            raise
        except Exception as error:  # whatever a model that cannot be traced makes torch raise
            raise DevalError(
                f"the {name} of {checkpoint.model['name']!r} cannot be exported as {kind} ({describe(error)[:300]})",
                advice="choose another format, such as --to safetensors, which takes every model",
            ) from error
        files.append(file)
    return files


@contextmanager
def _whole(file: Path) -> Iterator[Path]:
    """A path of the same name in a temporary folder; what is written there takes the file's place at the end."""
    with writing(file), TemporaryDirectory(dir=file.parent, prefix=".") as folder:
        unfinished = Path(folder) / file.name
        yield unfinished
        unfinished.replace(file)


def _write_pt2(part: nn.Module, example: Tensor, file: Path) -> None:
    batch = torch.export.Dim("batch", min=1)
    with torch.no_grad():
        program = torch.export.export(part, (example,), dynamic_shapes=({0: batch},))
    # Lines of source with this machine's paths: the same model would be another file in another folder.
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)
    # torch opens its files by name alone.
    torch.export.save(program, file)


def _write_onnx(part: nn.Module, example: Tensor, file: Path) -> None:
    _require("onnx")
    axes = {"input": {0: "batch"}, "output": {0: "batch"}}
    with warnings.catch_warnings(), without_log("torch.onnx"), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            part, (example,), file, input_names=["input"], output_names=["output"], dynamic_axes=axes, dynamo=False
        )


def _weights(checkpoint: Checkpoint, folder: Path) -> list[Path]:
    _require("safetensors")
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
    dataset, prior_text = checkpoint.data["dataset"], text_of_prior(prior)
    commands = []
    for file in files:
        if file.stem == "encoder":
            commands.append(f"deval score {file.name} --dataset {shlex.quote(dataset)} --metric unsupervised")
        if file.stem == "generator" and prior_text:
            commands.append(f'deval sample "{file.name}?role=generator&prior={prior_text}"')
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
