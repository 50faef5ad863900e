"""`deval sample`, `traverse` and `reconstruct`: where pictures go, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import pytest
import torch
from click.testing import CliRunner, Result
from PIL import Image
from torch import Tensor

from disentangle_eval import checkpoint as checkpoints
from disentangle_eval.api import ImageShape
from disentangle_eval.checkpoint import Checkpoint
from disentangle_eval.cli.draw_categories import categories
from disentangle_eval.cli.draw_embedding import embedding
from disentangle_eval.cli.draw_grid import grid
from disentangle_eval.cli.draw_histograms import histograms
from disentangle_eval.cli.draw_interpolation import interpolation
from disentangle_eval.cli.reconstruct import reconstruct
from disentangle_eval.cli.sample import sample
from disentangle_eval.cli.traverse import traverse
from disentangle_eval.errors import DevalError, DevalWarning, UsageError
from disentangle_eval.opening.models import build_model
from disentangle_eval.opening.origins import find_checkpoint, find_run
from disentangle_eval.registry.lookup import load_registry
from disentangle_eval.runtime.versions import versions

SMALL = {"z_dim": 4, "r_dim": 3, "generator_width": 1, "discriminator_width": 1, "init": "orthogonal"}
SHAPE = ImageShape(1, 64, 64)


@dataclass
class Noise:
    """Ten random images."""

    name: str = "noise"
    sha256: str = "n"
    shape: ImageShape = SHAPE
    factors: None = None

    def __len__(self) -> int:
        return 10

    def images(self, index: Tensor) -> Tensor:
        return torch.rand(10, *self.shape, generator=torch.Generator().manual_seed(0))[index]


@pytest.fixture(scope="module")
def ibgan() -> Checkpoint:
    registry = load_registry()
    record = registry.find_model("ibgan")
    cfg = registry.resolve(record, "config")(**SMALL)
    model = build_model(registry.resolve(record, "target"), cfg, SHAPE, seed=0)
    return Checkpoint(
        model={"name": "ibgan", "distribution": record.distribution, "version": record.spec.version},
        config=cfg.model_dump(mode="json"),
        data={"dataset": "noise", "name": "noise", "sha256": "n", "shape": list(SHAPE)},
        seed=0,
        iteration=1234,
        weights={name: value.detach() for name, value in model.state_dict().items()},
        train=None,
        versions=versions(),
    )


@pytest.fixture
def run(tmp_path: Path, ibgan: Checkpoint) -> Path:
    """A run folder with the newest checkpoint alone."""
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "run.json").write_text("{}")
    checkpoints.save(folder / "checkpoint.pt", ibgan)
    return folder


@pytest.fixture(autouse=True)
def noise(monkeypatch: pytest.MonkeyPatch) -> Noise:
    data = Noise()
    monkeypatch.setattr("disentangle_eval.opening.datasets.open_dataset", lambda name, data_dir: data)
    return data


def invoke(command: click.Command, *arguments: Any) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def printed(result: Result) -> list[Path]:
    assert result.exit_code == 0, result.output
    return [Path(line) for line in result.stdout.splitlines()]


def refused(result: Result) -> str:
    """The message of an error a user caused."""
    assert isinstance(result.exception, DevalError)
    assert "\n" not in str(result.exception)
    return str(result.exception)


def test_help_needs_no_torch() -> None:
    modules = "disentangle_eval.cli.sample, disentangle_eval.cli.traverse, disentangle_eval.cli.reconstruct"
    code = f"import sys, {modules}; sys.exit(bool({{'torch', 'numpy', 'matplotlib'}} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_pictures_of_a_run_go_to_its_folder_and_say_the_iteration(run: Path) -> None:
    pictures = run / "pictures"
    assert printed(invoke(sample, run, "--n", 4)) == [pictures / "samples-00001234.png"]
    assert printed(invoke(traverse, run / "checkpoint.pt", "--columns", 3)) == [
        pictures / "traversal-00001234.png",
        pictures / "traversal-00001234.gif",
    ]
    assert printed(invoke(reconstruct, run)) == [pictures / "reconstruction-00001234.png"]
    for path in pictures.iterdir():
        Image.open(path).verify()


def test_pictures_of_codes_go_to_the_runs_folder_too(run: Path) -> None:
    pictures = run / "pictures"
    assert printed(invoke(histograms, run)) == [pictures / "histograms-00001234.png"]
    assert printed(invoke(categories, run, "--columns", 3)) == [pictures / "categories-00001234.png"]
    drawn = invoke(interpolation, run, "--images", 1, 2, "--columns", 3)
    assert printed(drawn) == [pictures / "interpolation-00001234.png"]
    printed(invoke(traverse, run, "--image", 3, "--absolute=-1,1", "--columns", 3, "--no-gif"))
    for path in pictures.iterdir():
        Image.open(path).verify()


def test_images_categories_and_classes_that_are_not_there_are_refused(run: Path) -> None:
    assert "0 to 9" in refused(invoke(traverse, run, "--image", 10))
    assert "0 to 9" in refused(invoke(interpolation, run, "--images", 0, 10))
    assert "categorical" in refused(invoke(grid, run))
    assert "factors or labels" in refused(invoke(embedding, run))


def test_the_same_seed_draws_the_same_picture(run: Path, tmp_path: Path) -> None:
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        printed(invoke(sample, run, "--n", 4, "--seed", seed, "--out", tmp_path / "new" / name))
    a, b, c = ((tmp_path / "new" / f"{name}.png").read_bytes() for name in "abc")
    assert a == b
    assert a != c


def test_a_checkpoint_outside_a_run_gets_its_picture_beside_it(run: Path, tmp_path: Path) -> None:
    alone = (run / "checkpoint.pt").rename(tmp_path / "mine.pt")
    assert printed(invoke(traverse, alone, "--columns", 2, "--no-gif")) == [tmp_path / "mine-traversal.png"]
    assert not (tmp_path / "mine-traversal.gif").exists()


def test_a_snapshot_belongs_to_its_run_and_a_stranger_does_not(run: Path) -> None:
    found = find_run(run / "snapshots" / "00000100.pt")
    assert found is not None
    assert found.root == run.absolute()
    assert find_run(run / "elsewhere" / "a.pt") is None
    assert find_run(run.parent / "a.pt") is None
    assert find_checkpoint(run) == run / "checkpoint.pt"


def test_other_images_than_those_trained_on_are_told_but_shown(run: Path, noise: Noise) -> None:
    assert invoke(reconstruct, run).stderr == ""
    noise.sha256 = "other"
    with pytest.warns(DevalWarning, match="is not what the checkpoint was trained on"):
        result = invoke(reconstruct, run)
    assert len(printed(result)) == 1


def test_images_of_another_shape_are_refused(run: Path, noise: Noise) -> None:
    noise.shape = ImageShape(1, 32, 32)
    assert "(1, 32, 32)" in refused(invoke(reconstruct, run))


@pytest.mark.parametrize("command", [sample, traverse, reconstruct])
def test_a_model_that_cannot_is_told_what_it_lacks(
    command: click.Command, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("disentangle_eval.opening.models.restore_model", lambda checkpoint: torch.nn.Linear(1, 1))
    result = invoke(command, run)
    assert isinstance(result.exception, UsageError)
    lacking = {sample: "generate", traverse: "traversal", reconstruct: "reconstruct"}
    assert f"has no `{lacking[command]}`" in refused(result)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("absent.pt",), "does not exist"),
        (("empty",), "no checkpoint.pt"),
        (("run", "--out", "a.jpg"), "ends in .png"),
        (("run", "--out", "empty"), "folder"),
    ],
)
def test_paths_that_will_not_do_are_refused_in_one_line(
    arguments: tuple[str, ...], told: str, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (run.parent / "empty").mkdir()
    (run.parent / "empty.png").mkdir()
    monkeypatch.chdir(run.parent)
    result = invoke(sample, *arguments)
    assert isinstance(result.exception, UsageError)
    assert told in refused(result)


def test_a_damaged_file_is_refused_in_one_line(run: Path) -> None:
    (run / "checkpoint.pt").write_bytes((run / "checkpoint.pt").read_bytes()[:1000])
    assert "truncated" in refused(invoke(sample, run))


def test_a_checkpoint_that_names_no_data_set_is_refused(run: Path, ibgan: Checkpoint) -> None:
    checkpoints.save(run / "checkpoint.pt", replace(ibgan, data={"shape": list(SHAPE)}))
    assert "damaged" in refused(invoke(reconstruct, run))


@pytest.mark.parametrize(
    "arguments", [("--n", "0"), ("--seed", "-1"), ("--device", "tpu"), ("--n", "many")], ids=lambda pair: " ".join(pair)
)
def test_numbers_out_of_range_are_usage_errors(run: Path, arguments: tuple[str, str]) -> None:
    assert invoke(sample, run, *arguments).exit_code == 2


@pytest.mark.parametrize("reach", ["nan", "inf", "0", "-1"])
def test_a_range_is_a_positive_number(run: Path, reach: str) -> None:
    result = invoke(traverse, run, "--range", reach)
    assert result.exit_code == 2
    assert "range" in result.output
