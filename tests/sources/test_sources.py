"""Every kind of source with a network whose score is known: one that returns the factors scores 1."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import disentangle_eval as de
from disentangle_eval.cli.main import main
from disentangle_eval.errors import DevalError, UsageError

SIZES = (3, 4, 4)
CLASSES = np.stack(np.unravel_index(np.arange(48), SIZES), axis=1)
QUICK = {"train_votes": 200, "eval_votes": 100, "samples_per_vote": 8, "variance_samples": 48}
SET = [f"--set={name}={value}" for name, value in QUICK.items()]


class Factors(nn.Module):
    """Reads the factors off the first three pixels of an image."""

    def forward(self, x: Tensor) -> Tensor:
        return 7.0 * x[:, 0, 0, :3]


class Constant(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.ones(x.shape[0], 2) + 0.0 * x[:, 0, 0, :2]


class Noisy(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x[:, 0, 0, :3] + torch.rand(x.shape[0], 3)


class Batchwise(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x[:, 0, 0, :3] - x[:, 0, 0, :3].mean(dim=0)


class Encodes(nn.Module):
    def encode(self, x: Tensor) -> Tensor:
        return x.flatten(1)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Images that say their factors in three pixels, as the name of a data set in the working folder."""
    images = np.zeros((48, 4, 4), dtype=np.float32)
    images[:, 0, :3] = CLASSES / 7
    np.savez(tmp_path / "images.npz", images=images, factor_sizes=SIZES, factor_names=("a", "b", "c"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DEVAL_CACHE", str(tmp_path / "cache"))
    return "npz:images.npz"


def torchscript(module: nn.Module, path: Path) -> Path:
    torch.jit.save(torch.jit.trace(module.eval(), torch.rand(2, 1, 4, 4)), path)
    return path


def exported(module: nn.Module, path: Path) -> Path:
    shapes = {"x": {0: torch.export.Dim("batch", min=1)}}
    torch.export.save(torch.export.export(module.eval(), (torch.rand(2, 1, 4, 4),), dynamic_shapes=shapes), path)
    return path


def onnx(module: nn.Module, path: Path) -> Path:
    """The graph of `Factors`, in which slicing takes the first row and three columns."""
    pytest.importorskip("onnxruntime")
    helper = pytest.importorskip("onnx").helper
    kind = pytest.importorskip("onnx").TensorProto
    constants = {"starts": [0, 0, 0], "ends": [1, 1, 3], "axes": [1, 2, 3], "shape": [-1, 3]}
    graph = helper.make_graph(
        [
            helper.make_node("Slice", ["x", "starts", "ends", "axes"], ["part"]),
            helper.make_node("Reshape", ["part", "shape"], ["flat"]),
            helper.make_node("Mul", ["flat", "seven"], ["codes"]),
        ],
        "factors",
        [helper.make_tensor_value_info("x", kind.FLOAT, ["batch", 1, 4, 4])],
        [helper.make_tensor_value_info("codes", kind.FLOAT, ["batch", 3])],
        [
            *(helper.make_tensor(name, kind.INT64, [len(values)], values) for name, values in constants.items()),
            helper.make_tensor("seven", kind.FLOAT, [], [7.0]),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


def deval(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(map(str, arguments)))
    return int(ended.value.code or 0)


@pytest.mark.parametrize("save", [torchscript, exported, onnx])
def test_a_program_in_a_file_of_any_name_scores_1(data: str, tmp_path: Path, save, capsys) -> None:
    path = save(Factors(), tmp_path / "program.bin")
    assert de.score(path, data, metrics="factorvae", device="cpu", **QUICK)["factorvae"].value == 1.0
    capsys.readouterr()
    assert deval("score", path, "--dataset", data, "--metric", "factorvae", *SET, "--device", "cpu", "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["value"], result["checkpoint"], result["source"]) == (1.0, "program.bin", str(path))
    assert len(result["checkpoint_sha256"]) == 64


def test_an_output_of_onnx_has_a_name(data: str, tmp_path: Path) -> None:
    path = onnx(Factors(), tmp_path / "program.onnx")
    assert de.score(f"{path}?output=codes", data, metrics="factorvae", **QUICK)["factorvae"].value == 1.0
    with pytest.raises(UsageError, match="output: received mu, expected codes or a number from 0 to 0"):
        de.score(f"{path}?output=mu", data, metrics="factorvae", **QUICK)


def test_a_program_without_a_data_set_is_refused_before_it_runs(data: str, tmp_path: Path, capsys) -> None:
    path = exported(Factors(), tmp_path / "encoder.pt2")
    assert deval("score", path, "--metric", "mig") == 2
    said = capsys.readouterr().err
    assert "encoder.pt2: received no data set to score it on" in said
    assert "running the exported program" not in said


def test_faults_after_the_first_images_name_the_encoder_that_has_them(data: str) -> None:
    def diverged(x):
        return 7.0 * x[:, 0, 0, :3] / float(len(x) <= 16)

    with pytest.raises(DevalError, match=r"^diverged: received NaN or infinity in \d+ of \d+ rows, .*\?range"):
        de.score(diverged, data, metrics="factorvae", **QUICK)


SOURCES = [
    Factors(),
    Factors().forward,
    lambda x: 7.0 * x[:, 0, 0, :3],
    lambda x: np.asarray(x)[:, 0, 0, :3],
    Factors,
    lambda: Factors(),
    lambda factor=7.0: lambda x: factor * x[:, 0, 0, :3],
    partial(Factors),
    partial(lambda kind: kind(), Factors),
    partial(lambda factor, x: factor * x[:, 0, 0, :3], 7.0),
    lambda *images: 7.0 * images[0][:, 0, 0, :3],
]


@pytest.mark.parametrize("source", SOURCES)
def test_anything_callable_on_tensors_or_a_builder_of_it_scores_1(data: str, source) -> None:
    assert de.score(source, data, metrics="factorvae", **QUICK)["factorvae"].value == 1.0


def test_a_callable_of_the_working_folder_scores_1(data: str, tmp_path: Path, capsys) -> None:
    (tmp_path / "mine_for_a_test.py").write_text("def encode(x):\n    return 7.0 * x[:, 0, 0, :3]\n")
    assert deval("score", "mine_for_a_test:encode", "--dataset", data, "--metric", "factorvae", *SET, "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["value"], result["model"]) == (1.0, "mine_for_a_test:encode")


@pytest.mark.parametrize("suffix", ["npz", "npy", "csv", "semicolon.csv", "h5", "parquet"])
def test_a_table_in_the_order_of_the_data_set_scores_1(data: str, tmp_path: Path, suffix: str, capsys) -> None:
    path = tmp_path / f"codes.{suffix}"
    codes = CLASSES.astype(np.float64)
    if suffix == "npz":
        np.savez(path, codes=codes)
    elif suffix == "npy":
        np.save(path, codes)
    elif suffix == "h5":
        import h5py

        with h5py.File(path, "w") as file:
            file["codes"] = codes
    elif suffix == "parquet":
        pyarrow = pytest.importorskip("pyarrow")
        parquet = pytest.importorskip("pyarrow.parquet")
        parquet.write_table(pyarrow.table({f"z{i}": column for i, column in enumerate(codes.T)}), path)
    else:
        mark = ";" if suffix.startswith("semicolon") else ","
        np.savetxt(path, codes, delimiter=mark, header=mark.join(["z0", "z1", "z2"]), comments="")
    assert deval("score", path, "--dataset", data, "--metric", "factorvae", *SET, "--json") == 0
    assert json.loads(capsys.readouterr().out)["value"] == 1.0


def test_codes_in_memory_need_no_factor_sizes_with_a_data_set(data: str) -> None:
    assert de.score(CLASSES, data, metrics="factorvae", **QUICK)["factorvae"].value == 1.0
    with pytest.raises(UsageError, match="codes: received 47 rows, expected 48, one row per image"):
        de.score(CLASSES[1:], data, metrics="factorvae")


def of_two(x: Tensor, y: Tensor) -> Tensor:
    return x + y


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (Constant(), "16 different images have the same code"),
        (Noisy(), "the same images have different codes when they are encoded again"),
        (Batchwise(), "depend on the other images of its batch"),
        (nn.Flatten(0), r"received outputs of shape \(256,\) for 16 images"),
        (nn.Linear(3, 2), "failed on a batch of shape"),
        (lambda x: x.flatten(1) / 0, "received codes with NaN or infinity"),
        (Encodes(), "failed on a batch of shape .* it has a method encode: give that"),
        (of_two, "failed on a batch of shape .* it is called with a batch of images alone; --debug shows where"),
    ],
)
def test_what_would_score_nothing_is_refused(data: str, module, message: str) -> None:
    with pytest.raises(DevalError, match=message):
        de.score(module, data, metrics="factorvae")


def test_a_network_that_is_being_trained_computes_in_eval_mode_and_stays_in_its_own(data: str) -> None:
    network = nn.Sequential(Factors(), nn.Dropout(0.5)).train()
    network[0].eval()
    assert de.score(network, data, metrics="factorvae", **QUICK)["factorvae"].value == 1.0
    assert [module.training for module in network.modules()] == [True, False, True]


def test_metrics_are_joined_by_commas_as_on_the_command_line(data: str) -> None:
    assert list(de.score(Factors(), data, metrics="mig, sap")) == ["mig", "sap"]


def test_data_that_is_no_data_set_is_refused(data: str) -> None:
    with pytest.raises(UsageError, match="data: received list, expected the name of a data set"):
        de.score(Factors(), [torch.zeros(1, 4, 4)], metrics="mig")


def test_how_images_look_is_said_in_the_source(data: str) -> None:
    seen: list[Tensor] = []

    def look(x: Tensor) -> tuple[Tensor, Tensor]:
        seen.append(x)
        return torch.zeros(len(x), 1), x.flatten(1)

    model = de.load_model(look, range=(-1, 1), channels=3, size=8, mean=(0.5,), std=(2, 2, 2), output="1")
    assert de.encode(model, data)["codes"].shape == (48, 3 * 8 * 8)
    assert seen[0].shape[1:] == (3, 8, 8)
    assert float(seen[0].min()) == pytest.approx((-1 - 0.5) / 2)


def test_categorical_outputs_are_classes_or_probabilities(data: str) -> None:
    scores = lambda x: torch.eye(3)[(7 * x[:, 0, 0, 0]).round().long()]  # noqa: E731
    table = de.encode(de.load_model(scores, classes=3), data)
    assert np.array_equal(table["codes"][:, 0], CLASSES[:, 0])
    assert table["code_classes"].tolist() == [3]
    assert de.encode(de.load_model(scores, softmax=True), data)["codes"].sum(axis=1) == pytest.approx(1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nowhere.pt2", "source: received 'nowhere.pt2', which does not exist"),
        ("enc.pt2?rang=-1,1", "the setting 'rang', expected one of: .* did you mean 'range'"),
        ("enc.pt2?range=1,1", "range: received 1,1, expected two different numbers"),
        ("enc.pt2?channels=2", "channels: received '2'"),
        ("weights.pt", "holds weights without their network"),
        ("no_such_module_here:encode", "cannot be imported"),
        ("of_a_test.py", "received the Python file 'of_a_test.py', .* write of_a_test:NAME"),
        ("of_a_test", "which does not exist, .* write of_a_test:NAME"),
        ("of_a_test.py:Needy", "cannot be imported .* write of_a_test:Needy"),
        ("of_a_test:Nedy", "received 'Nedy', which of_a_test does not have; did you mean 'Needy'"),
        ("of_a_test:encoder", "which of_a_test does not have, expected one of its callables: Needy"),
        ("npz:images.npz", "'npz:images.npz', the name of a data set, expected .* give the model first .* --dataset"),
        ("of_a_test:Needy", "source 'Linear' cannot be built .* write a function without arguments"),
        ("codes.npy", "codes.npy holds codes alone: received no data set"),
    ],
)
def test_mistakes_in_a_source_are_one_line(data: str, tmp_path: Path, text: str, message: str) -> None:
    torch.save(nn.Linear(1, 1).state_dict(), tmp_path / "weights.pt")
    np.save(tmp_path / "codes.npy", CLASSES)
    (tmp_path / "of_a_test.py").write_text("from torch.nn import Linear as Needy")
    with pytest.raises(UsageError, match=message):
        de.score(text, None if text == "codes.npy" else data, metrics="factorvae")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda data: de.score(data, Factors()), r"the data set 'npz:.*' first, .* swap them: de.score\(model, 'npz:"),
        (
            lambda data: de.score(de.load_dataset(data), CLASSES),
            r"first, then ndarray, .* swap them: de.score\(model, data",
        ),
        (lambda data: de.encode(data, Path.cwd()), "de.encode: received the data set 'npz:images.npz' first"),
        (lambda data: de.score(5, data), "first argument of de.score: received 5, of type int, .* type de.score"),
        (lambda data: de.score(None, data), "first argument of de.score: received None, expected codes, or a model"),
        (lambda data: de.score(CLASSES, 0.5), "second argument of de.score: received 0.5, of type float"),
        (lambda data: de.encode(None, data), "first argument of de.encode: received None"),
        (lambda data: de.load_model(3), "source: received 3, of type int, expected a model"),
        (lambda data: de.load_dataset(3), "dataset: received a value of type int, expected a name.* npz:FILE.npz"),
        (lambda data: de.train("vae", CLASSES), "dataset: received a value of type ndarray, expected a name"),
        (lambda data: de.score({}, data), "source: received an object of type dict"),
    ],
)
def test_what_is_given_in_the_wrong_place_is_named(data: str, call, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        call(data)


def test_a_loaded_network_has_the_results_of_its_source(data: str, tmp_path: Path) -> None:
    torch.jit.script(Factors()).save(str(tmp_path / "enc.pt"))
    named = de.score("enc.pt?range=-1,0.5&channels=3", data, metrics="sap")["sap"]
    loaded = de.score(de.load_model("enc.pt?channels=3", range=(-1, 0.5)), data, metrics="sap")["sap"]
    assert (named.value, named.checkpoint_sha256) == (loaded.value, loaded.checkpoint_sha256)
    assert named.source == "enc.pt?range=-1,0.5&channels=3"
    assert loaded.source == "enc.pt?channels=3&range=-1,0.5"
    module = de.score(de.load_model(Factors(), range=(-1, 0.5)), data, metrics="sap")["sap"]
    assert (module.model, module.source) == ("Factors", "Factors?range=-1,0.5")


def test_a_module_with_the_name_of_a_data_set_is_a_source(data: str, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)  # and not on the path of later tests, which name the data set
    (tmp_path / "npz.py").write_text("def encode(x):\n    return 7.0 * x[:, 0, 0, :3]\n")
    assert de.score("npz:encode", data, metrics="factorvae", **QUICK)["factorvae"].value == 1.0
    del sys.modules["npz"]


def test_a_second_metric_of_a_program_encodes_nothing(data: str, tmp_path: Path, monkeypatch) -> None:
    path = torchscript(Factors(), tmp_path / "encoder.pt")
    first = de.score(path, data, metrics="factorvae", **QUICK)["factorvae"]
    (kept,) = (tmp_path / "cache" / "codes").iterdir()
    with np.load(kept) as file:
        assert np.array_equal(file["index"], np.arange(48))
    monkeypatch.setattr("disentangle_eval.metrics.subject.EncodedSubject._encode", None)
    assert de.score(path, data, metrics="factorvae", **QUICK)["factorvae"].details == first.details


def images_of(folder: Path, seed: int) -> str:
    from PIL import Image

    folder.mkdir()
    levels = np.random.default_rng(seed).integers(256, size=(30, 8, 8), dtype=np.uint8)
    for number, image in enumerate(levels):
        Image.fromarray(image).save(folder / f"{number}.png")
    return f"images:{folder}"


class Pixels(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x[:, 0].flatten(1).float() / 255


def test_two_folders_of_images_are_compared_by_one_command(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("DEVAL_CACHE", str(tmp_path / "cache"))
    features = tmp_path / "features.pt"
    torch.jit.save(torch.jit.trace(Pixels(), torch.zeros(2, 3, 8, 8, dtype=torch.uint8)), features)
    real, other = images_of(tmp_path / "real", 0), images_of(tmp_path / "other", 1)
    found = []
    for made in (real, other):
        command = ["score", "--samples", made, "--dataset", real, "--metric", "fid", "--features", features, "--json"]
        assert deval(*command, "--set", "num_images=100") == 0
        found.append(json.loads(capsys.readouterr().out))
    assert found[0]["value"] == pytest.approx(0, abs=1e-6)
    assert found[1]["value"] > 0.01
    assert found[1]["details"]["num_generated"] == 30
    assert deval("score", "--samples", other, "--dataset", real, "--metric", "gilbo") == 2


def test_finished_images_of_another_size_are_refused(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("DEVAL_CACHE", str(tmp_path / "cache"))
    made, real = images_of(tmp_path / "made", 0), images_of(tmp_path / "real", 1)
    assert deval("score", "--samples", made, "--dataset", f"{real}?size=8", "--metric", "fid") == 2
    assert "64 x 64" in (error := capsys.readouterr().err)
    assert "?size=8" in error


def test_a_generator_is_compared_with_the_data_set(data: str, tmp_path: Path, monkeypatch) -> None:
    def generate(z: Tensor) -> Tensor:
        return 2 * torch.sigmoid(z).view(-1, 1, 4, 4) - 1

    features = tmp_path / "features.pt"
    torch.jit.save(torch.jit.trace(Pixels(), torch.zeros(2, 3, 4, 4, dtype=torch.uint8)), features)
    model = de.load_model(generate, role="generator", prior="normal:16", range=(-1, 1))
    result = de.score(model, data, metrics="fid", features=str(features), num_images=200)["fid"]
    assert result.value > 0
    assert result.details["num_generated"] == 200
    constant = de.load_model(lambda z: torch.zeros(len(z), 1, 4, 4), role="generator", prior="normal:2")
    with pytest.raises(DevalError, match="different latents give the same image"):
        de.score(constant, data, metrics="fid")
    with pytest.raises(UsageError, match="prior: received none"):
        de.load_model(generate, role="generator")


def test_a_hub_model_in_a_folder_is_scored_by_its_pooled_features(data: str, tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    try:
        network = transformers.ViTModel
    except ImportError as error:
        pytest.skip(f"transformers cannot import a vision model here: {error}")
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 8}
    config = transformers.ViTConfig(image_size=8, patch_size=4, num_channels=3, **sizes)
    network(config).save_pretrained(tmp_path / "vit")
    table = de.encode(f"hf:{tmp_path / 'vit'}?channels=3&size=8", data, device="cpu")
    assert table["codes"].shape == (48, 8)
    with pytest.raises(UsageError, match="cannot be loaded"):
        de.encode(f"hf:{tmp_path / 'nothing'}", data)
