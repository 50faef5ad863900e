"""One batch through a foreign network, before a data set is encoded with it."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from disentangle_eval.api import Dataset
from disentangle_eval.errors import DevalError, warn
from disentangle_eval.metrics.toolbox.encoding import device_of
from disentangle_eval.runtime.draws import GeneratorDraw, stream_seed
from disentangle_eval.runtime.evaluating import evaluating
from disentangle_eval.sources.adapters import ForeignEncoder, ForeignGenerator

IMAGES = 16
# The same sums in another order differ in the last of float32's digits.
TOLERANCE = 1e-3
CONSTANT = 1e-6


def check_encoder(encoder: ForeignEncoder, data: Dataset) -> None:
    """Encode a few images, from which the encoder learns its code; `DevalError` where scores would mean nothing.

    Refused are outputs that are no (B, K) finite numbers, that differ when the same images are encoded again, that
    depend on the other images of a batch, and that are the same for all images. `DevalWarning` for log variances that
    are all above 0.
    """
    index = np.unique(np.linspace(0, len(data) - 1, IMAGES).astype(np.int64))
    images = data.images(torch.from_numpy(index).to(device_of(encoder)))
    with evaluating(encoder):
        found, again = encoder.see(images), encoder.checked(images)
        half = len(index) // 2
        alone = encoder.checked(images[:half]) if half else {}
    for name, values in found.items():
        if not torch.isfinite(values).all():
            raise DevalError(
                encoder.name,
                received=f"{name} with NaN or infinity",
                expected="finite numbers",
                advice="check ?range and ?mean of the source",
            )
        if _differ(values, again[name]):
            raise DevalError(
                f"{encoder.name}: the same images have different {name} when they are encoded again",
                advice="export it in eval mode, without dropout, and let it return means rather than samples",
            )
        if half and _differ(values[:half], alone[name]):
            raise DevalError(
                f"{encoder.name}: the {name} of an image depend on the other images of its batch",
                advice="export it in eval mode, in which batch normalisation uses its running statistics",
            )
    if "log variances" in found and bool((found["log variances"] > 0).all()):
        warn(
            f"{encoder.name}: every log variance is above 0, so each posterior is wider than the prior in each "
            "dimension; are these standard deviations?"
        )
    codes = found["codes"]
    if len(index) > 1 and not _differ(codes, codes[:1].expand_as(codes), CONSTANT):
        low, high = float(images.min()), float(images.max())
        raise DevalError(
            f"{encoder.name}: {len(index)} different images have the same code",
            advice=f"images come in [0, 1] (these from {low:g} to {high:g}); say with ?range=0,255 or ?range=-1,1 what "
            "it was trained on",
        )


def _differ(a: Tensor, b: Tensor, tolerance: float = TOLERANCE) -> bool:
    scale = max(1e-6, float(a.abs().max())) if a.numel() else 1.0
    return bool(a.numel()) and float((a - b).abs().max()) > tolerance * scale


def check_generator(generator: ForeignGenerator, data: Dataset, device: torch.device) -> None:
    """Draw a few images; `DevalError` where they are of another shape than the data set's, or all alike.

    `DevalWarning` where values leave the range that the source says, by more than one in a hundred.
    """
    z = generator.prior.sample(GeneratorDraw(stream_seed(0, "check")), IMAGES).to(device)
    with evaluating(generator):
        images, again = generator.generate(z), generator.generate(z)
        black, white = generator.settings.range
        levels = (generator.outputs(z).float() - black) / (white - black)
    if tuple(images.shape[1:]) != tuple(data.shape):
        raise DevalError(
            generator.name,
            received=f"images of shape {tuple(images.shape[1:])}",
            expected=f"{tuple(data.shape)}, as those of {data.name}",
            advice="read the data set in the generator's size, such as with ?size=32",
        )
    if not torch.isfinite(levels).all():
        raise DevalError(generator.name, received="NaN or infinity", expected="images of finite numbers")
    if _differ(images, again):
        raise DevalError(
            f"{generator.name}: the same latents give different images when they are drawn again",
            advice="export it in eval mode, without noise of its own",
        )
    if not _differ(images, images[:1].expand_as(images), CONSTANT):
        raise DevalError(
            f"{generator.name}: {IMAGES} different latents give the same image",
            advice="check ?prior and ?range of the source",
        )
    outside = float(((levels < -0.01) | (levels > 1.01)).float().mean())
    if outside > 0.01:
        warn(
            f"{generator.name}: {outside:.0%} of the values are outside {black:g} to {white:g} and are cut off; say "
            "with ?range=-1,1 what it returns"
        )
