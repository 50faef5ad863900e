"""What `--features` takes, and what it says of everything else."""

import builtins
import hashlib
import io
import os
import sys
import zipfile

import pytest
import torch
from image_generators import SIZE, Extractor, save_torchscript
from torch import nn

from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.metrics.images import feature_extractor
from disentangle_eval.metrics.images.feature_extractor import load_extractor
from disentangle_eval.metrics.images.fidelity_import import fidelity

CPU = torch.device("cpu")


def images(n, seed=0):
    return torch.randint(256, (n, 3, SIZE, SIZE), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed))


def save_exported(path, module):
    any_batch = ({0: torch.export.Dim("batch")},)
    torch.export.save(torch.export.export(module.eval(), (images(2),), dynamic_shapes=any_batch), path)
    return path


@pytest.mark.parametrize(("save", "kind"), [(save_torchscript, "TorchScript"), (save_exported, "exported")])
def test_programs_are_distinguished_by_what_is_in_them(tmp_path, save, kind):
    module = Extractor().eval()
    path = save(tmp_path / "tiny.pt2", module).rename(tmp_path / "no-suffix")
    extractor = load_extractor(str(path), CPU)
    assert extractor.name == f"no-suffix ({kind})"
    assert extractor.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    for n in (5, 3):
        assert torch.allclose(extractor(images(n)), module(images(n)), atol=1e-5)


def test_inception_weights_are_checked_and_run_as_torch_fidelity_runs_them(tmp_path, monkeypatch):
    """The published weights are not at hand; these are Kaiming-initialised so that features do not collapse."""
    inception = fidelity("feature_extractor_inceptionv3")
    made = inception.FeatureExtractorInceptionV3.__new__(inception.FeatureExtractorInceptionV3)
    monkeypatch.setattr(inception, "load_state_dict_from_url", lambda *_, **__: None)
    monkeypatch.setattr(inception.FeatureExtractorInceptionV3, "load_state_dict", lambda *_: None)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        made.__init__("inception-v3-compat", ["2048"])
        for layer in made.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight)
    monkeypatch.undo()
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    path = tmp_path / "checkpoints" / "weights-inception-2015-12-05-6726825d.pth"
    path.parent.mkdir()
    torch.save(made.state_dict(), path)
    with pytest.raises(DevalError, match=r"received a file of sha256 \w+, expected 6726825d"):
        load_extractor(None, CPU)
    monkeypatch.setattr(feature_extractor, "INCEPTION_SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    state = torch.get_rng_state()
    extractor = load_extractor(str(path), CPU)
    assert torch.equal(torch.get_rng_state(), state)
    features = extractor(images(2))
    assert features.shape == (2, 2048)
    assert features.std(dim=0).mean() > 1e-3
    torch.testing.assert_close(features, made(images(2))[0], rtol=1e-3, atol=1e-3)
    assert torch.equal(load_extractor(str(path), CPU)(images(2)), features)
    assert (extractor.name, extractor.resize) == (
        "inception-v3-compat, layer 2048",
        "bilinear to 299 x 299 as TensorFlow 1",
    )


def test_absent_inception_weights_are_told_with_what_to_fetch_and_where(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    with pytest.raises(UsageError) as told:
        load_extractor(None, CPU)
    url = "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/weights-inception-2015-12-05-6726825d.pth"
    for part in (url, feature_extractor.INCEPTION_SHA256, str(tmp_path / "hub" / "checkpoints"), "--features PATH"):
        assert part in str(told.value)


class Hostile:
    def __reduce__(self):
        return builtins.exec, ("import sys; sys.modules['hostile_was_here'] = sys",)


def weights(path):
    torch.save(Extractor().state_dict(), path)


def hostile(path):
    torch.save({"weights": Hostile()}, path)


def text(path):
    path.write_text("no archive")


def cut(path):
    save_torchscript(path, Extractor())
    path.write_bytes(path.read_bytes()[:-30])


@pytest.mark.parametrize("make", [weights, hostile, text, cut])
def test_any_other_file_is_refused_and_nothing_of_it_runs(tmp_path, make):
    path = tmp_path / "other.pt"
    make(path)
    with pytest.raises(UsageError, match=r"expected Inception weights \(sha256 6726825d"):
        load_extractor(str(path), CPU)
    assert "hostile_was_here" not in sys.modules


def test_no_file_is_told(tmp_path):
    with pytest.raises(UsageError, match="--features: no file"):
        load_extractor(str(tmp_path / "absent.pt"), CPU)


def rewritten(path, change):
    """The archive with each entry, name and contents, as `change` gives it."""
    with zipfile.ZipFile(path) as whole:
        entries = [change(name, whole.read(name)) for name in whole.namelist()]
    path = path.with_name("changed.pt2")
    with zipfile.ZipFile(path, "w") as changed:
        for name, contents in entries:
            changed.writestr(name, contents)
    return path


@pytest.mark.parametrize(("save", "kind"), [(save_torchscript, "TorchScript"), (save_exported, "exported")])
def test_a_damaged_program_is_told(tmp_path, save, kind):
    def damage(name, contents):
        return name, b"damaged" if name.endswith(("/data.pkl", "/model.json")) else contents

    path = rewritten(save(tmp_path / "tiny.pt2", Extractor()), damage)
    with pytest.raises(DevalError, match=f"the {kind} program .* cannot be loaded"):
        load_extractor(str(path), CPU)


def with_hostile_inputs(name, contents):
    buffer = io.BytesIO()
    torch.save(Hostile(), buffer)
    return name, buffer.getvalue() if "sample_inputs" in name else contents


def with_hostile_constants(name, contents):
    return name.replace("sample_inputs/model.pt", "constants/opaque_obj_0"), contents


@pytest.mark.parametrize("change", [with_hostile_inputs, with_hostile_constants])
def test_no_object_in_an_exported_program_is_unpickled(tmp_path, change):
    plain = save_exported(tmp_path / "tiny.pt2", Extractor())
    with pytest.raises(DevalError, match=r"the exported program .* cannot be loaded"):
        load_extractor(str(rewritten(plain, change)), CPU)
    assert "hostile_was_here" not in sys.modules
    assert "TORCH_FORCE_WEIGHTS_ONLY_LOAD" not in os.environ
    assert load_extractor(str(rewritten(plain, lambda name, contents: (name, contents))), CPU)(images(2)).shape == (
        2,
        6,
    )


class Image(nn.Module):
    def forward(self, x):
        return x.float()


class Half(nn.Module):
    def forward(self, x):
        return x.float().flatten(1)[: x.shape[0] // 2]


class Integers(nn.Module):
    def forward(self, x):
        return x.flatten(1)


class NotANumber(nn.Module):
    def forward(self, x):
        return x.float().flatten(1) / 0 * 0


class BeyondFloat32(nn.Module):
    def forward(self, x):
        return x.double().flatten(1) * 1e300


@pytest.mark.parametrize(
    ("module", "told"),
    [
        (Image(), r"received shape \(4, 3, 8, 8\), expected \(4, D\)"),
        (Half(), r"received shape \(2, 192\), expected \(4, D\)"),
        (Integers(), "received torch.uint8"),
        (NotANumber(), "not finite in float32, expected finite"),
        (BeyondFloat32(), "not finite in float32, expected finite"),
    ],
)
def test_features_of_another_form_are_told(tmp_path, module, told):
    extractor = load_extractor(str(save_torchscript(tmp_path / "odd.pt", module)), CPU)
    with pytest.raises(DevalError, match=told):
        extractor(images(4))


def test_a_module_that_fails_on_the_images_is_told(tmp_path):
    path = tmp_path / "fixed.pt2"
    torch.export.save(torch.export.export(Extractor().eval(), (images(2),)), path)
    with pytest.raises(DevalError, match=r"failed on images of shape \(4, 3, 8, 8\) uint8"):
        load_extractor(str(path), CPU)(images(4))


def test_programs_are_read_from_the_very_bytes_that_were_checked(tmp_path, monkeypatch):
    path = save_torchscript(tmp_path / "tiny.pt", Extractor())
    read = []
    plain = torch.jit.load
    monkeypatch.setattr(torch.jit, "load", lambda file, **kwargs: read.append(type(file)) or plain(file, **kwargs))
    load_extractor(str(path), CPU)
    assert read == [io.BytesIO]
