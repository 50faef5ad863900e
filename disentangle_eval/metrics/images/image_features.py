"""The features of real and of generated images, each image encoded once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor, nn

from disentangle_eval.api import Dataset, Samples, Subject
from disentangle_eval.data.files.cache import cached_if_possible, path_of
from disentangle_eval.data.files.locations import cache_folder
from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.metrics.images.config import FeatureConfig
from disentangle_eval.metrics.images.feature_extractor import FeatureExtractor, load_extractor
from disentangle_eval.metrics.toolbox.encoding import batch_size_on, device_of, image_batches, seconds_of
from disentangle_eval.metrics.toolbox.faulty_outputs import faulty_output
from disentangle_eval.runtime.checksums import weights_digest
from disentangle_eval.runtime.draws import GeneratorDraw, stream_seed
from disentangle_eval.runtime.evaluating import evaluating
from disentangle_eval.runtime.progress import counted

# Images of the trial that measures how long a score will take, and how many images are too few for a trial.
TRIED = 8
FEW = 1_000

# What rounds to the lowest or highest level may be outside of [0, 1] by so much.
HALF_A_LEVEL = 0.5 / 255

CPU_BATCH = 64
ACCELERATOR_BATCH = 512

FEATURES = "features"  # the name of the real features among the arrays that are kept

# What the model of a subject generated last. fid, kid and prdc in one command look at the same images. The next command
# has another subject: a model may by then have changed in more than its weights, such as in how it truncates latents.
_generated: WeakKeyDictionary[Subject, tuple[tuple[Any, ...], np.ndarray]] = WeakKeyDictionary()


@dataclass(frozen=True)
class FeaturePair:
    """Features of real images (N, D) and of generated ones (M, D), float32, and the device to compute with them on.

    `about` says for the result where they come from. `derived(name, make)` is an array made from the real features
    alone, kept on disk with them.
    """

    real: np.ndarray
    generated: np.ndarray
    device: torch.device
    about: dict[str, Any]
    derived: Callable[[str, Callable[[], np.ndarray]], np.ndarray]

    @property
    def counts(self) -> dict[str, int]:
        """What was really used of `num_images`: the images of the smaller set."""
        return {"num_images": min(len(self.real), len(self.generated))}


def feature_pair(subject: Subject, cfg: FeatureConfig, seed: int) -> FeaturePair:
    """The features of `cfg.num_images` images of the subject's model, and of as many of its data set, or all there are.

    The features of real images are kept on disk for the next model.
    """
    model, data = subject.model, subject.data
    count, made = image_counts(subject, cfg)
    extractor = load_extractor(cfg.features, device_of(model))
    real, derived = _real_features(model, data, extractor, count, seed)
    generated = _generated_features(subject, extractor, cfg, seed, made)
    about = {
        "extractor": extractor.name,
        "extractor_sha256": extractor.sha256,
        "resize": extractor.resize,
        "dims": real.shape[1],
        "num_real": len(real),
        "num_generated": len(generated),
    }
    return FeaturePair(real, generated, extractor.device, about, derived)


def feature_seconds(subject: Subject, cfg: FeatureConfig, seed: int) -> float:
    """About how many seconds `feature_pair` will take; 0 where too few images are left to take minutes."""
    count, made = image_counts(subject, cfg)
    if count + made < FEW:
        return 0.0
    model, data = subject.model, subject.data
    extractor = load_extractor(cfg.features, device_of(model))
    if path_of(_features_folder(), {**_real_key(data, extractor, count, seed), "array": FEATURES}).exists():
        count = 0
    if _made_before(subject, _generated_key(model, extractor, cfg, seed)) is not None:
        made = 0
    if count + made < FEW:
        return 0.0
    images = data.images(torch.arange(min(TRIED, len(data)), device=extractor.device))
    each = seconds_of(lambda: extractor(as_bytes(images)), extractor.device) / len(images)
    of_generated = each
    if not isinstance(model, Samples):
        z = model.prior.sample(GeneratorDraw(0), TRIED).to(extractor.device)
        with evaluating(model):
            of_generated += seconds_of(lambda: model.generate(z, None), extractor.device) / TRIED
    return count * each + made * of_generated


def image_counts(subject: Subject, cfg: FeatureConfig) -> tuple[int, int]:
    """How many real and how many generated images there will be. UsageError for a data set of one image or none."""
    model, data = subject.model, subject.data
    for images in [data, model.finished] if isinstance(model, Samples) else [data]:
        if len(images) < 2:
            raise UsageError(
                f"dataset {images.name!r}", received=f"{len(images)} images", expected="at least 2 to compare with"
            )
    made = min(cfg.num_images, len(model.finished)) if isinstance(model, Samples) else cfg.num_images
    return min(cfg.num_images, len(data)), made


def as_bytes(images: Tensor, source: str = "images") -> Tensor:
    """(B, C, H, W) in [0, 1], C of 1 or 3 -> (B, 3, H, W) uint8, each value rounded to the nearest of 256 levels.

    What was stored as bytes comes back exactly, which cutting off the fraction would not do. Grey is repeated.
    UsageError for other channels, DevalError for numbers that round to no level, with the `source` of the images.
    """
    channels = images.shape[1]
    if channels not in (1, 3):
        raise UsageError(
            "images", received=f"{channels} channels", expected="1 (grey) or 3 (RGB) to extract features from"
        )
    low, high = torch.stack([images.min(), images.max()]).tolist()
    if not (images.is_floating_point() and -HALF_A_LEVEL <= low <= high <= 1 + HALF_A_LEVEL):
        raise DevalError(
            source,
            received=f"{str(images.dtype).removeprefix('torch.')} numbers from {low:g} to {high:g}",
            expected="real numbers in [0, 1]",
        )
    levels = (images * 255).round().clamp(0, 255).to(torch.uint8)
    return levels.expand(-1, 3, -1, -1).contiguous()


def _real_features(
    model: Any, data: Dataset, extractor: FeatureExtractor, count: int, seed: int
) -> tuple[np.ndarray, Callable[[str, Callable[[], np.ndarray]], np.ndarray]]:
    key, folder = _real_key(data, extractor, count, seed), _features_folder()

    def make() -> np.ndarray:
        index = np.random.default_rng(stream_seed(seed, "real images")).choice(len(data), count, replace=False)
        batches = image_batches(model, data, np.sort(index), _batch_size(extractor.device), "features of real images")
        return _collected((extractor(as_bytes(images, f"dataset {data.name!r}")) for _, images in batches), count)

    def derived(name: str, make: Callable[[], np.ndarray]) -> np.ndarray:
        return cached_if_possible(folder, {**key, "array": name}, make)

    return derived(FEATURES, make), derived


def _features_folder() -> Path:
    return cache_folder() / "features"


def _real_key(data: Dataset, extractor: FeatureExtractor, count: int, seed: int) -> dict[str, Any]:
    """What the features of `count` real images follow from."""
    return {
        "dataset": data.name,
        "dataset_sha256": data.sha256,
        "shape": list(data.shape),
        "images": len(data),
        "samples": count,
        "seed": None if count == len(data) else seed,
        "levels": "rounded",
        "extractor_sha256": extractor.sha256,
        "program": extractor.program,
        "device": extractor.device.type,
    }


def _generated_features(
    subject: Subject, extractor: FeatureExtractor, cfg: FeatureConfig, seed: int, count: int
) -> np.ndarray:
    model, data = subject.model, subject.data
    if isinstance(model, Samples):
        return _collected(_features_of_finished(model, extractor, count, seed), count)
    if not isinstance(model, nn.Module):
        return _collected(_features_of_samples(model, extractor, cfg, seed, data), cfg.num_images)
    key = _generated_key(model, extractor, cfg, seed)
    features = _made_before(subject, key)
    if features is None:
        _generated.pop(subject, None)
        features = _collected(_features_of_samples(model, extractor, cfg, seed, data), cfg.num_images)
        _generated[subject] = key, features
    return features


def _generated_key(model: Any, extractor: FeatureExtractor, cfg: FeatureConfig, seed: int) -> tuple[Any, ...]:
    """What the features of a model's images follow from, its weights included, which training changes in place.

    Empty for a model whose weights are not known.
    """
    if not isinstance(model, nn.Module):
        return ()
    return weights_digest(model), extractor.sha256, extractor.device, cfg.num_images, cfg.inner_noise, seed


def _made_before(subject: Subject, key: tuple[Any, ...]) -> np.ndarray | None:
    """The features that the images of a subject's model had, where it last generated them under this key."""
    known = _generated.get(subject) if key else None
    return known[1] if known is not None and known[0] == key else None


def _features_of_finished(model: Samples, extractor: FeatureExtractor, count: int, seed: int) -> Iterator[Tensor]:
    random = np.random.default_rng(stream_seed(seed, "finished images"))
    index = np.sort(random.choice(len(model.finished), count, replace=False))
    for _, images in image_batches(
        model, model.finished, index, _batch_size(extractor.device), "features of finished images"
    ):
        yield extractor(as_bytes(images, f"dataset {model.finished.name!r}"))


def _features_of_samples(
    model: Any, extractor: FeatureExtractor, cfg: FeatureConfig, seed: int, data: Dataset
) -> Iterator[Tensor]:
    """Latents depend on the seed and the prior alone; inner noise also on the device.

    DevalError for what are no finite images in [0, 1] of the size of the data set's.
    """
    name = f"{type(model).__name__}.generate"
    z = model.prior.sample(GeneratorDraw(stream_seed(seed, "samples")), cfg.num_images)
    draw = GeneratorDraw(stream_seed(seed, "inner noise"), extractor.device) if cfg.inner_noise == "drawn" else None
    for batch in counted(z.split(_batch_size(extractor.device)), "features of generated images", len(z), len):
        with evaluating(model):
            images = model.generate(batch.to(extractor.device), draw)
        if images.dim() != 4 or images.shape[2:] != data.shape[1:]:
            raise DevalError(
                name,
                received=f"images of shape {tuple(images.shape)}",
                expected=f"(B, C, {data.shape.height}, {data.shape.width}), the size of those of {data.name}",
            )
        if not torch.isfinite(images).all():
            raise faulty_output(model, "generate", received="NaN or infinity", expected="images in [0, 1]")
        yield extractor(as_bytes(images, name))


def _collected(batches: Iterator[Tensor], count: int) -> np.ndarray:
    """Batches of rows as one array (count, D), filled as they come."""
    table, done = np.empty((0, 0), dtype=np.float32), 0
    for batch in batches:
        rows = batch.cpu().numpy()
        if not done:
            table = np.empty((count, rows.shape[1]), dtype=np.float32)
        table[done : done + len(rows)] = rows
        done += len(rows)
    return table


def _batch_size(device: torch.device) -> int:
    return batch_size_on(device, CPU_BATCH, ACCELERATOR_BATCH)
