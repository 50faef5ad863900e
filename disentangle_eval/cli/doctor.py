"""`deval doctor`: what this installation can do here, what is missing and how to get it."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click

from disentangle_eval.cli.arguments import data_dir_option
from disentangle_eval.cli.table import as_json_option, print_json, print_table
from disentangle_eval.data.files.locations import cache_folder, data_folder
from disentangle_eval.registry.manager import load_plugins
from disentangle_eval.runtime.threads import available_cores

PACKAGES = ("disentangle-eval", "torch", "numpy", "scipy", "scikit-learn", "torch-fidelity", "h5py")
# The packages of extras: the extra of each, and what it is for.
EXTRAS = {
    "tensorboard": ("tensorboard", "logs as TensorBoard events"),
    "datasets": ("hf", "data sets of the Hugging Face hub, `hf:NAME`"),
    "transformers": ("hf", "models of the Hugging Face hub, `hf:NAME`"),
    "safetensors": ("hf", "`deval export --to safetensors`"),
    "onnxruntime": ("onnx", "scores of ONNX programs"),
    "ray": ("ray", "studies on several machines"),
    "wandb": ("wandb", "logs on Weights & Biases"),
    "mlflow-skinny": ("mlflow", "logs on MLflow"),
}
DRAWN = 400 * 2**20  # bytes that the images of dSprites take in the cache folder


@dataclass(frozen=True)
class Finding:
    """One line of the report. `state` is "ok", "missing" for what some commands need, or "problem"."""

    what: str
    state: str
    found: str
    advice: str = ""


@click.command()
@data_dir_option
@as_json_option
def doctor(data_dir: Path | None, as_json: bool) -> None:
    """Report versions, device, threads, data, cache and plugins, what is missing and how to get it.

    Exits with 1 if something is broken; missing data sets and optional packages do not count.
    """
    found = [*packages(), *extras(), *device(), *threads(), *data(data_folder(data_dir)), *cache(), *plugins()]
    if as_json:
        print_json([asdict(finding) for finding in found])
    else:
        print_table(
            ["what", "state", "found", "what to do"],
            [[finding.what, finding.state, finding.found, finding.advice] for finding in found],
        )
    if any(finding.state == "problem" for finding in found):
        raise click.exceptions.Exit(1)


def packages() -> Iterator[Finding]:
    yield Finding("python", "ok", f"{platform.python_version()} on {platform.platform()}")
    for name in PACKAGES:
        try:
            yield Finding(name, "ok", version(name))
        except PackageNotFoundError:
            yield Finding(name, "problem", "not installed", f"pip install {name}")


def extras() -> Iterator[Finding]:
    for name, (extra, use) in EXTRAS.items():
        try:
            yield Finding(name, "ok", version(name))
        except PackageNotFoundError:
            install = f"pip install 'disentangle-eval[{extra}]'"
            yield Finding(name, "missing", "not installed (optional)", f"for {use}: {install}")


def device() -> Iterator[Finding]:
    """What `--device auto` takes, and what a GPU would need."""
    import torch

    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            memory = torch.cuda.get_device_properties(index).total_memory / 2**30
            yield Finding("device", "ok", f"cuda:{index}, {torch.cuda.get_device_name(index)}, {memory:.0f} GiB")
    elif torch.version.cuda:
        yield Finding(
            "device",
            "ok",
            f"cpu; torch is built for CUDA {torch.version.cuda} but sees no GPU",
            "with a GPU: check its driver (nvidia-smi)",
        )
    else:
        yield Finding(
            "device",
            "ok",
            "cpu; torch is a CPU build",
            "with a GPU: install a CUDA build, see https://pytorch.org/get-started/locally/",
        )


def threads() -> Iterator[Finding]:
    import torch

    cores, used, limit = available_cores(), torch.get_num_threads(), os.environ.get("OMP_NUM_THREADS")
    limited = f", OMP_NUM_THREADS={limit}" if limit else ""
    advice = f"OMP_NUM_THREADS limits torch to {used}; unset it or give --threads" if limit and used < cores else ""
    yield Finding("threads", "ok", f"{used} of {cores} cores{limited}", advice)


def data(folder: Path | None) -> Iterator[Finding]:
    """The folder of data sets, and which of those with files are there."""
    from disentangle_eval.interface.listing import list_datasets

    if folder is None:
        yield Finding("data folder", "missing", "none", "export DEVAL_DATA=FOLDER, or give --data-dir FOLDER")
    elif not folder.is_dir():
        yield Finding("data folder", "problem", f"{folder} is no folder", f"mkdir -p {folder}")
    else:
        yield Finding("data folder", "ok", str(folder))
    listed = list_datasets(folder)
    here = [dataset["name"] for dataset in listed if dataset["state"] in ("here", "drawn here")]
    missing = [dataset["name"] for dataset in listed if dataset["state"] == "missing"]
    yield Finding("data sets", "ok", f"{len(here)} ready: {', '.join(here)}")
    if missing:
        yield Finding(
            "data sets", "missing", f"{len(missing)} without files: {', '.join(missing)}", "deval data fetch NAME"
        )


def cache() -> Iterator[Finding]:
    """The cache folder, whether it can be written and whether dSprites fits in."""
    folder = cache_folder()
    there = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(there).free
    kept = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else 0
    found = f"{folder}, {kept / 2**20:,.0f} MiB used, {free / 2**30:,.0f} GiB free"
    if not os.access(there, os.W_OK):
        yield Finding("cache folder", "problem", f"{found}, not writable", "export DEVAL_CACHE=FOLDER")
    elif free < DRAWN and not kept:
        yield Finding("cache folder", "problem", f"{found}: dSprites does not fit", "export DEVAL_CACHE=FOLDER")
    else:
        yield Finding("cache folder", "ok", found)


def plugins() -> Iterator[Finding]:
    found = load_plugins()
    broken = [plugin for plugin in found if plugin.problems]
    yield Finding("plugins", "ok", f"{len(found) - len(broken)} loaded in full")
    for plugin in broken:
        cause = "; ".join(problem.cause for problem in plugin.problems)
        yield Finding(f"plugin {plugin.entry_point}", "problem", cause, f"update or reinstall {plugin.distribution}")
    command = shutil.which("deval")
    if command is None:
        folder = Path(sys.executable).parent
        yield Finding("deval", "missing", "not on PATH", f"activate its environment, or type {folder / 'deval'}")
