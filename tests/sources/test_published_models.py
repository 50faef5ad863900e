"""A model pushed to the hub comes back from there the same; the client is a stand-in, so that no network is needed."""

from __future__ import annotations

import importlib.machinery
import io
import json
import os
import shutil
import subprocess
import sys
import types
from pathlib import Path
from unittest import mock

import pytest
import torch

import disentangle_eval as de
from disentangle_eval.cli.main import main
from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.sources.published import published_checkpoint, push_to_hub


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> de.TrainedRun:
    import numpy as np

    folder = tmp_path_factory.mktemp("published")
    images = np.random.default_rng(0).random((75, 16, 16)) > 0.5
    np.savez(folder / "images.npz", images=images, factor_sizes=(3, 5, 5))
    options = {"hidden": 8, "batch_size": 4, "threads": 1, "progress": False}
    return de.train("vae", f"npz:{folder / 'images.npz'}", out=folder / "run", iterations=2, **options)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which a stand-in for huggingface_hub keeps what is uploaded."""
    root = tmp_path / "hub"

    class HfApi:
        def create_repo(self, repo_id: str, *, exist_ok: bool) -> None:
            (root / repo_id).mkdir(parents=True, exist_ok=exist_ok)

        def upload_folder(self, *, repo_id: str, folder_path: str, commit_message: str) -> None:
            shutil.copytree(folder_path, root / repo_id, dirs_exist_ok=True)

    def download(repo_id: str, filename: str) -> str:
        if not (root / repo_id / filename).is_file():
            raise OSError("404")
        return str(root / repo_id / filename)

    client = types.ModuleType("huggingface_hub")
    client.__spec__ = importlib.machinery.ModuleSpec("huggingface_hub", None)
    client.HfApi, client.hf_hub_download = HfApi, download  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "huggingface_hub", client)
    return root


def deval(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(map(str, arguments)))
    return int(ended.value.code or 0)


def test_pushed_and_loaded_it_is_the_same_model_with_its_card(run, hub, tmp_path, capsys) -> None:
    pytest.importorskip("safetensors")
    out = tmp_path / "out"
    assert deval("export", run.folder, "--to", "safetensors", "--out", out, "--push", "me/toy") == 0
    assert "https://huggingface.co/me/toy" in capsys.readouterr().out
    assert (hub / "me/toy" / "README.md").read_text().startswith("---\nlibrary_name: disentangle-eval\n")
    own = run.model("cpu")
    for name in ("hf:me/toy", f"hf:{out}"):
        again = de.load_model(name, "cpu")
        assert type(again) is type(own)
        assert not again.training
        for key, value in own.state_dict().items():
            assert torch.equal(value, again.state_dict()[key])
    scores = de.score("hf:me/toy", run.description["dataset"], metrics="unsupervised", device="cpu")
    assert scores["unsupervised"].model == "vae"
    assert scores["unsupervised"].source == "hf:me/toy"
    assert scores["unsupervised"].value == run.score(metrics="unsupervised", device="cpu")["unsupervised"].value


def test_only_weights_are_pushed_and_only_to_a_name(run, hub, tmp_path) -> None:
    pytest.importorskip("safetensors")
    assert deval("export", run.folder, "--to", "pt2", "--out", tmp_path / "a", "--push", "me/toy") == 2
    assert deval("export", run.folder, "--to", "safetensors", "--out", tmp_path / "b", "--push", "toy") == 2


def test_without_the_client_pushing_names_the_extra(tmp_path, monkeypatch) -> None:
    from disentangle_eval.sources import published

    monkeypatch.setattr(published.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'disentangle-eval\[hf\]'"):
        published.push_to_hub(tmp_path, "me/toy")


@pytest.fixture
def safetensors(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for safetensors, whose files are those of torch."""
    package, module = types.ModuleType("safetensors"), types.ModuleType("safetensors.torch")
    package.__spec__ = importlib.machinery.ModuleSpec("safetensors", None)
    module.load_file = lambda path: torch.load(io.BytesIO(path.read_bytes()), weights_only=True)  # type: ignore[attr-defined]
    package.torch = module  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "safetensors", package)
    monkeypatch.setitem(sys.modules, "safetensors.torch", module)


def folder_of(folder: Path, weights: dict[str, torch.Tensor] | None, **changed: object) -> str:
    """A folder as `deval export --to safetensors` writes it; a change to None leaves a part out."""
    contents = {
        "format": "disentangle_eval model",
        "model": {"name": "vae", "distribution": "disentangle-eval", "version": 1},
        "config": {},
        "data": {"dataset": "dsprites", "name": "dsprites", "sha256": "0" * 64, "shape": [1, 64, 64]},
        "versions": {},
        "seed": 0,
        "iteration": 1,
    }
    kept = {key: value for key, value in {**contents, **changed}.items() if value is not None}
    (folder / "config.json").write_text(json.dumps(kept))
    if weights is not None:
        torch.save(weights, folder / "model.safetensors")
    return str(folder)


WEIGHTS = {"w": torch.zeros(2)}


def test_a_folder_of_ours_is_a_checkpoint_without_training_state(safetensors, tmp_path) -> None:
    checkpoint, weights = published_checkpoint(folder_of(tmp_path, WEIGHTS))
    assert (checkpoint.model["name"], checkpoint.train) == ("vae", None)
    assert weights == tmp_path / "model.safetensors"


@pytest.mark.parametrize(
    ("weights", "changed", "said"),
    [
        (None, {}, "received no model.safetensors, expected one next to its config.json"),
        (WEIGHTS, {"model": 3}, "damaged, 'model' is missing or not what it should be; export the model again"),
        (WEIGHTS, {"config": None}, "damaged, 'config' is missing"),
        (WEIGHTS, {"model": {"name": "vae"}}, r"damaged, model\['distribution'\] is missing"),
        (WEIGHTS, {"data": {"dataset": "a", "name": "a", "sha256": "", "shape": [1, -1, 64]}}, r"data\['shape'\]"),
    ],
)
def test_a_damaged_folder_of_ours_is_refused_in_one_line(safetensors, tmp_path, weights, changed, said) -> None:
    with pytest.raises(DevalError, match=said) as caught:
        published_checkpoint(folder_of(tmp_path, weights, **changed))
    assert "\n" not in str(caught.value)


def test_damaged_weights_are_refused_and_other_folders_are_not_ours(safetensors, tmp_path) -> None:
    folder = folder_of(tmp_path, WEIGHTS)
    (tmp_path / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(DevalError, match=r"^source 'hf:.*': damaged \("):
        published_checkpoint(folder)
    assert published_checkpoint(folder_of(tmp_path, None, format="another")) is None
    (tmp_path / "config.json").write_text("{")
    assert published_checkpoint(folder) is None


def test_what_the_hub_refuses_names_where_the_files_are(hub, tmp_path) -> None:
    with pytest.raises(
        DevalError, match=rf"^--push me/toy: .*; `hf auth login` signs in; the files are in '{tmp_path}/no'"
    ):
        push_to_hub(tmp_path / "no", "me/toy")
    for name in ("toy", "/toy", "me/", "me/my/toy"):
        with pytest.raises(UsageError, match="expected OWNER/NAME"):
            push_to_hub(tmp_path, name)


@pytest.fixture
def real():
    """The real client, where it is installed; nothing here uses the network."""
    return pytest.importorskip("huggingface_hub")


def test_pushing_calls_the_real_client_as_it_wants_to_be_called(real, tmp_path, monkeypatch) -> None:
    from disentangle_eval.sources import published

    made = mock.create_autospec(real.HfApi.create_repo)
    uploaded = mock.create_autospec(real.HfApi.upload_folder)
    monkeypatch.setattr(real.HfApi, "create_repo", made)
    monkeypatch.setattr(real.HfApi, "upload_folder", uploaded)
    assert published.push_to_hub(tmp_path, "me/toy") == "https://huggingface.co/me/toy"
    assert made.call_args.kwargs == {"exist_ok": True}
    assert uploaded.call_args.kwargs["repo_id"] == "me/toy"


def test_the_real_client_reads_a_model_from_its_cache_without_a_network(real, run, tmp_path) -> None:
    pytest.importorskip("safetensors")
    revision = "0" * 40
    snapshot = tmp_path / "models--me--toy" / "snapshots" / revision
    assert deval("export", run.folder, "--to", "safetensors", "--out", snapshot) == 0
    (tmp_path / "models--me--toy" / "refs").mkdir()
    (tmp_path / "models--me--toy" / "refs" / "main").write_text(revision)
    code = "import disentangle_eval as de; print(type(de.load_model('hf:me/toy', 'cpu')).__name__)"
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HUB_CACHE": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True, timeout=100
    )
    assert done.stdout.split() == ["VAE"]
