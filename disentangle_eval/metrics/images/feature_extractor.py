"""Networks that turn images into features: torch-fidelity's Inception-v3, or any program of the user's."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from disentangle_eval.errors import DevalError, UsageError, describe
from disentangle_eval.metrics.images.fidelity_import import fidelity
from disentangle_eval.runtime.files import with_home
from disentangle_eval.runtime.programs import load_program, program_kind

INCEPTION = "inception-v3-compat"
LAYER = "2048"

# torch-fidelity's names of DINOv2's networks.
DINOV2 = ("dinov2-vit-s-14", "dinov2-vit-b-14", "dinov2-vit-l-14", "dinov2-vit-g-14")

# torch-fidelity's constant is the address alone; its file name ends in the first digits of this.
INCEPTION_SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"


@dataclass(frozen=True)
class FeatureExtractor:
    """Maps images (B, 3, H, W) uint8 to features (B, D) float32, both on `device`.

    `sha256` is the checksum of the file it was read from, `program` says what else decides the features, `resize` how
    images are brought to the size it takes.
    """

    name: str
    sha256: str
    program: str
    resize: str
    device: torch.device
    compute: Callable[[Tensor], Any]

    def __call__(self, images: Tensor) -> Tensor:
        """DevalError where it fails or returns anything but finite real numbers of shape (B, D)."""
        try:
            with torch.no_grad(), _float32_convolutions():
                features = self.compute(images)
        except Exception as error:  # a program of the user's may raise anything
            raise DevalError(
                f"features {self.name}: failed on images of shape {tuple(images.shape)} uint8 ({describe(error)})",
                expected="a module for (B, 3, H, W) uint8 of this size and any B",
            ) from error
        if not isinstance(features, Tensor) or features.dim() != 2 or len(features) != len(images):
            received = f"shape {tuple(features.shape)}" if isinstance(features, Tensor) else type(features).__name__
            raise DevalError(
                f"features {self.name}", received=received, expected=f"({len(images)}, D), one row per image"
            )
        found = features.float()
        if not features.is_floating_point() or not torch.isfinite(found).all():
            raise DevalError(
                f"features {self.name}",
                received=f"{features.dtype}, or numbers that are not finite in float32",
                expected="finite real numbers",
            )
        return found


def load_extractor(path: str | None, device: torch.device) -> FeatureExtractor:
    """The extractor of a file: torch-fidelity's Inception weights, a TorchScript module or an exported program.

    A path that is one of the names of `DINOV2`, and no file, is that network. Without a path, the Inception weights
    where torch-fidelity downloads them to, if they are there. A program is run, though nothing in its file is unpickled
    that is not plain data. UsageError for no file and for any other file.
    """
    if path is None:
        return _inception(_read(_downloaded_weights()), device)
    chosen = with_home(path)
    if path in DINOV2 and not chosen.is_file():
        # It makes a FeatureExtractor, which is defined here.
        from disentangle_eval.metrics.images.dinov2 import dinov2

        return dinov2(path, device)
    if not chosen.is_file():
        raise UsageError(
            f"--features: no file {path!r}",
            expected=f"Inception weights (sha256 {INCEPTION_SHA256}), a TorchScript module or an exported (.pt2) one",
        )
    contents = _read(chosen)
    if _digest(contents) == INCEPTION_SHA256:
        return _inception(contents, device)
    return _program(chosen, contents, device)


def _downloaded_weights() -> Path:
    url = fidelity("feature_extractor_inceptionv3").URL_INCEPTION_V3
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    path = folder / Path(url).name
    if not path.is_file():
        raise UsageError(
            f"--features: no Inception-v3 weights {path.name!r} (sha256 {INCEPTION_SHA256}) in {str(folder)!r}",
            advice=f"fetch {url} into that folder, or name that file, or any TorchScript or exported (.pt2) feature "
            "extractor, with --features PATH",
        )
    return path


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        received = f"{str(path)!r}, which cannot be read ({error.strerror or error})"
        raise UsageError("--features", received=received, expected="a file that can be read") from None


def _inception(weights: bytes, device: torch.device) -> FeatureExtractor:
    """`torch_fidelity`'s own constructor loads whatever it is given, so the bytes it gets are checked before."""
    received = _digest(weights)
    if received != INCEPTION_SHA256:
        raise DevalError(
            "Inception-v3 weights",
            received=f"a file of sha256 {received}",
            expected=INCEPTION_SHA256,
            advice="delete it and fetch it again",
        )
    network = _inception_network(weights, received, device)
    return FeatureExtractor(
        name=f"{INCEPTION}, layer {LAYER}",
        sha256=received,
        program=f"torch-fidelity {version('torch-fidelity')}",
        resize="bilinear to 299 x 299 as TensorFlow 1",
        device=device,
        compute=lambda images: network(images)[0],
    )


# The Inception network that was made last, by checksum and device: 95 MB. A program of the user's may keep a state from
# call to call, and DINOv2's largest has gigabytes; these are loaded anew for each score.
_inception_made: dict[tuple[str, torch.device], nn.Module] = {}


def _inception_network(weights: bytes, checksum: str, device: torch.device) -> nn.Module:
    """The network of these weights, made once for scores that follow one another."""
    if (checksum, device) not in _inception_made:
        with torch.random.fork_rng(devices=[]):  # its layers are initialised before they are overwritten
            network: nn.Module = fidelity("feature_extractor_inceptionv3").FeatureExtractorInceptionV3(
                INCEPTION, [LAYER], feature_extractor_weights_path=io.BytesIO(weights)
            )
        _inception_made.clear()
        _inception_made[checksum, device] = network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return _inception_made[checksum, device]


def _program(path: Path, contents: bytes, device: torch.device) -> FeatureExtractor:
    kind = program_kind(contents)
    if kind is None:
        raise UsageError(
            "--features",
            received=f"{str(path)!r} (sha256 {_digest(contents)})",
            expected=f"Inception weights (sha256 {INCEPTION_SHA256}), a TorchScript module (torch.jit.save), an "
            "exported program (torch.export.save) or an ONNX file",
        )
    program = load_program("--features", path, contents, kind, device)
    return FeatureExtractor(
        name=f"{program.name} ({program.kind})",
        sha256=program.sha256,
        program=program.kind,
        resize="none, the module's own",
        device=device,
        compute=program.compute if kind != "ONNX" else lambda images: next(iter(program.compute(images).values())),
    )


def _float32_convolutions() -> Any:
    """By default cuDNN rounds float32 to TF32 and may choose algorithms whose sums have no fixed order."""
    return torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)


def _digest(contents: bytes) -> str:
    return hashlib.sha256(contents).hexdigest()
