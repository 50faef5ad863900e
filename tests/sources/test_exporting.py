"""A model taken out scores the same as a foreign source."""

from __future__ import annotations

import errno
import io
import shlex
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

import disentangle_eval as de
from disentangle_eval.cli.main import main
from disentangle_eval.errors import DevalError
from disentangle_eval.sources.exporting import export_model

QUICK = {"train_votes": 200, "eval_votes": 100, "samples_per_vote": 8, "variance_samples": 75}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> de.TrainedRun:
    folder = tmp_path_factory.mktemp("export")
    images = np.random.default_rng(0).random((75, 16, 16)) > 0.5
    np.savez(folder / "images.npz", images=images, factor_sizes=(3, 5, 5))
    options = {"hidden": 8, "batch_size": 4, "threads": 1, "progress": False}
    run = de.train("vae", f"npz:{folder / 'images.npz'}", out=folder / "run", iterations=2, **options)
    run.score(metrics="factorvae", **QUICK)
    return run


@pytest.fixture(params=["pt2", "onnx"])
def kind(request: pytest.FixtureRequest) -> str:
    if request.param == "onnx":
        pytest.importorskip("onnx")
        pytest.importorskip("onnxruntime")
    return str(request.param)


def test_a_code_with_classes_is_exported_with_them_for_any_number_of_images(
    run: de.TrainedRun, tmp_path: Path, kind
) -> None:
    data = run.description["dataset"]
    settings = {"network": "mnist", "width": 1, "batch_size": 4, "iterations": 1}
    own = de.train("infogan", data, out=tmp_path / "run", threads=1, progress=False, **settings)
    encoder, *_ = export_model(own.folder, kind, tmp_path / "out")
    table, exported = (de.encode(source, data, device="cpu") for source in (own, encoder))
    assert table["codes"].shape == (75, 3)
    assert np.allclose(table["codes"], exported["codes"], atol=1e-5)
    assert exported["code_classes"].tolist() == table["code_classes"].tolist() == [10, 0, 0]


def test_normal_posteriors_around_the_codes_are_exported_with_them(run: de.TrainedRun, tmp_path: Path, kind) -> None:
    encoder, *_ = export_model(run.folder, kind, tmp_path)
    data = de.load_dataset(run.description["dataset"])
    foreign = de.load_model(encoder, device="cpu")
    found, expected = (model.posterior(data.images(torch.arange(75))) for model in (foreign, de.load_model(run)))
    assert torch.allclose(found.mean, expected.mean, atol=1e-5)
    assert torch.allclose(found.stddev, expected.stddev, rtol=1e-4)
    own, exported = (de.score(source, data, metrics="tc", device="cpu")["tc"] for source in (run, encoder))
    assert exported.value == pytest.approx(own.value, abs=1e-3)


def test_what_is_written_after_the_name_of_an_exported_program_comes_first(run: de.TrainedRun, tmp_path: Path) -> None:
    encoder, *_ = export_model(run.folder, "pt2", tmp_path)
    data = de.load_dataset(run.description["dataset"])
    folder = tmp_path / "what?1"
    folder.mkdir()
    encoder = encoder.rename(folder / encoder.name)
    assert "log_variance" in de.encode(encoder, data, device="cpu")
    other = de.encode(f"{encoder.rename(tmp_path / encoder.name)}?output=1&log_variance=0", data, device="cpu")["codes"]
    posterior = de.load_model(run).posterior(data.images(torch.arange(75)))
    assert np.allclose(other, 2 * posterior.stddev.detach().log(), atol=1e-4)


def test_exported_and_scored_as_a_foreign_source_it_scores_the_same(run: de.TrainedRun, tmp_path: Path, kind) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["export", str(run.folder), "--to", kind, "--out", str(tmp_path / "out")])
    assert ended.value.code == 0
    data = run.description["dataset"]
    own, foreign = (de.encode(source, data, device="cpu") for source in (run, tmp_path / "out" / f"encoder.{kind}"))
    assert np.allclose(own["codes"], foreign["codes"], atol=1e-5)
    found = de.score(tmp_path / "out" / f"encoder.{kind}", data, metrics="factorvae", device="cpu", **QUICK)
    assert found["factorvae"].value == run.results[0]["value"]
    card = (tmp_path / "out" / "README.md").read_text()
    assert f"| factorvae | {found['factorvae'].settings['protocol']} | {found['factorvae'].value:.4f} |" in card
    assert (tmp_path / "out" / f"generator.{kind}").is_file()


def test_the_card_says_how_an_exported_generator_is_drawn_from(run: de.TrainedRun, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    for arguments in (["export", str(run.folder), "--to", "pt2", "--out", "."], []):
        if not arguments:
            (line,) = [line for line in Path("README.md").read_text().splitlines() if line.startswith("deval sample")]
            arguments = [*shlex.split(line)[1:], "--n", "4"]
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 0
    assert Path("samples.png").stat().st_size > 0


def test_an_export_that_fails_leaves_an_earlier_one_whole(run: de.TrainedRun, tmp_path: Path, monkeypatch) -> None:
    first, *_ = export_model(run.folder, "pt2", tmp_path)
    before, there = first.read_bytes(), sorted(tmp_path.iterdir())

    def fill_the_disk(part, file):
        file.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("disentangle_eval.sources.exporting._write_pt2", fill_the_disk)
    with pytest.raises(DevalError, match="the disk is full"):
        export_model(run.folder, "pt2", tmp_path)
    assert (first.read_bytes(), sorted(tmp_path.iterdir())) == (before, there)


def test_exported_twice_it_is_the_same_file_and_names_no_folder_of_this_machine(
    run: de.TrainedRun, tmp_path: Path
) -> None:
    files = []
    for out in (tmp_path / "one", tmp_path / "other"):
        # Another state of the process's generator.
        torch.rand(1)
        files.append([path.read_bytes() for path in export_model(run.folder, "pt2", out) if path.suffix == ".pt2"])
    one, other = files
    assert len(one) == 2
    assert one == other
    for contents in one:
        with zipfile.ZipFile(io.BytesIO(contents)) as archive:
            (graph,) = (name for name in archive.namelist() if name.endswith("models/model.json"))
            assert b".py" not in archive.read(graph)
