"""Models on the Hugging Face hub: an exported folder pushed there, and read back from there or from the folder."""

from __future__ import annotations

import importlib
import importlib.util
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from disentangle_eval.errors import DevalError, UsageError, describe
from disentangle_eval.runtime.files import with_home

if TYPE_CHECKING:
    from disentangle_eval.checkpoint import Checkpoint

FORMAT = "disentangle_eval model"
CONFIG, WEIGHTS = "config.json", "model.safetensors"


def push_to_hub(folder: Path, name: str) -> str:
    """Upload a folder as the model OWNER/NAME, which is made where it is not there yet; returns its address.

    `UsageError` where huggingface_hub is not installed or the name is none, `DevalError` where the hub refuses.
    """
    owner, _, model = name.partition("/")
    if not owner or not model or "/" in model:
        raise UsageError("--push", received=repr(name), expected="OWNER/NAME")
    hub = _client("--push")
    try:
        client = hub.HfApi()
        client.create_repo(name, exist_ok=True)
        client.upload_folder(repo_id=name, folder_path=str(folder), commit_message="Model of disentangle_eval")
    except Exception as error:  # whatever the hub or the network makes it raise
        raise DevalError(
            f"--push {name}: {describe(error)}",
            advice=f"`hf auth login` signs in; the files are in {str(folder)!r}",
        ) from error
    return f"https://huggingface.co/{name}"


def published_checkpoint(name: str) -> tuple[Checkpoint, Path] | None:
    """The model of a folder or of OWNER/NAME on the hub with the file of its weights; None where it is none of ours.

    `DevalError` for a damaged one.
    """
    config = _file(name, CONFIG)
    try:
        contents: Any = json.loads(config.read_text(encoding="utf-8")) if config else None
    except (OSError, ValueError):
        return None
    if not isinstance(contents, dict) or contents.get("format") != FORMAT:
        return None
    weights = _file(name, WEIGHTS)
    if weights is None:
        raise DevalError(f"source 'hf:{name}'", received=f"no {WEIGHTS}", expected="one next to its config.json")
    return _checkpoint(name, contents, weights), weights


def _checkpoint(name: str, contents: dict[str, Any], weights: Path) -> Checkpoint:
    from disentangle_eval.checkpoint import whole

    if importlib.util.find_spec("safetensors") is None:
        raise UsageError(f"source 'hf:{name}': safetensors is not installed", advice="pip install safetensors")
    from safetensors.torch import load_file

    try:
        tensors = load_file(weights)
    except Exception as error:  # whatever a damaged file makes the reader raise
        raise DevalError(f"source 'hf:{name}': damaged ({describe(error)})", advice="export the model again") from error
    return whole(f"source 'hf:{name}'", {**contents, "weights": tensors, "train": None}, "export the model again")


def _file(name: str, file: str) -> Path | None:
    """A file of a folder or of a model on the hub; None where there is none, or no client to ask for it."""
    folder = with_home(name)
    if folder.is_dir():
        return folder / file if (folder / file).is_file() else None
    if importlib.util.find_spec("huggingface_hub") is None:
        return None
    try:
        return Path(_client("source").hf_hub_download(name, file))
    except Exception:  # not there, or no network: what loads other models of the hub says so
        return None


def _client(what: str) -> Any:
    """The hub's own client."""
    if importlib.util.find_spec("huggingface_hub") is None:
        raise UsageError(f"{what}: huggingface_hub is not installed", advice="pip install 'disentangle-eval[hf]'")
    return importlib.import_module("huggingface_hub")
