"""Anything that maps images to numbers, or numbers to images, as a model that metrics can judge."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.distributions import Normal as NormalDistribution
from torch.nn.functional import interpolate

from disentangle_eval.api import Dataset, Draw
from disentangle_eval.errors import DevalError, UsageError, describe
from disentangle_eval.latents import CodeDimension, Normal, OneHot, Prior, Uniform, with_classes
from disentangle_eval.runtime.evaluating import eval_mode
from disentangle_eval.sources.settings import SourceSettings

# Luminance of red, green and blue (ITU-R BT.601).
LUMINANCE = (0.299, 0.587, 0.114)
# Columns of a part of a prior: more than any generator has.
WIDEST = 2**20
PRIORS: Mapping[str, Callable[[int], Any]] = {"normal": Normal, "uniform": Uniform, "onehot": OneHot}


class ForeignModel(nn.Module):
    """A callable on tensors under a name.

    A module, or the module whose method it is, is moved to the device and computes in eval mode. Between calls it is in
    the mode in which it was given, since its owner may be training it. `about` is what results say of it.
    """

    def __init__(
        self,
        compute: Callable[[Tensor], Any],
        name: str,
        settings: SourceSettings,
        about: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.name = name
        self.settings = settings
        self.about = about or {"model": name}
        # In a tuple, so that a module is registered once, as `module`.
        self._compute = (compute,)
        owner = compute if isinstance(compute, nn.Module) else getattr(compute, "__self__", None)
        self.module = owner if isinstance(owner, nn.Module) else None

    def train(self, mode: bool = True) -> Self:
        """Set the mode of the adapter alone."""
        self.training = mode
        return self

    def outputs(self, x: Tensor) -> Tensor:
        """The chosen one of the callable's outputs for a batch; errors as of `computed` and `output`."""
        return self.output(self.computed(x), "output", x.device)

    def computed(self, x: Tensor) -> Any:
        """Whatever the callable returns for a batch; `DevalError` where it fails, with the shape that it received."""
        try:
            with eval_mode(self.module):
                return self._compute[0](x)
        except Exception as error:  # a program of the user's may raise anything
            raise DevalError(
                f"{self.name}: failed on a batch of shape {tuple(x.shape)} ({describe(error)})",
                advice=self._advice(error),
            ) from error

    def output(self, found: Any, setting: str, device: torch.device) -> Tensor:
        """The output that a setting names, a tensor, or an array of another library as a float32 tensor on the device.

        `UsageError` where there is none of that name, `DevalError` where it is neither.
        """
        chosen = self._chosen(found, setting)
        if isinstance(chosen, Tensor):
            return chosen
        try:
            return torch.tensor(np.asarray(chosen.__array__(), dtype=np.float32), device=device)
        except (AttributeError, TypeError, ValueError):
            raise DevalError(
                self.name,
                received=type(chosen).__name__,
                expected="a tensor or an array",
                advice=f"return one, or name the attribute that has it, such as {setting}=mean",
            ) from None

    def _advice(self, error: Exception) -> str:
        """What to type after a failure: a method instead of `forward`, how the images must look, or where to look."""
        if isinstance(error, NotImplementedError) and hasattr(self.module, "encode"):
            return "it has a method encode: give that, such as MODEL.encode or mine:MODEL.encode"
        images = "write which images it expects, such as ?channels=3&size=224&range=-1,1"
        if self.module is not None or isinstance(error, RuntimeError):
            return f"{images}; a program must take any number of images"
        return f"it is called with a batch of images alone; --debug shows where it failed, or {images}"

    def _chosen(self, found: Any, setting: str) -> Any:
        name = getattr(self.settings, setting)
        if isinstance(found, (Mapping, Sequence)) and found:
            return _of_several(found, name, setting)
        if isinstance(found, Tensor) and name not in ("", "0"):
            raise UsageError(setting, received=name, expected="none, since there is one output, a tensor")
        if isinstance(found, Tensor) or not name:
            return found
        if not hasattr(found, name):
            raise UsageError(setting, received=name, expected=f"an attribute of {type(found).__name__}")
        return getattr(found, name)


def _of_several(found: Mapping[Any, Any] | Sequence[Any], name: str, setting: str) -> Any:
    """One of several outputs, by its key or field or else by its number; the first where no name is given."""
    fields = getattr(found, "_fields", range(len(found)))
    named = found if isinstance(found, Mapping) else dict(zip(fields, found, strict=True))
    if name in named:
        return named[name]
    number = name or "0"
    if number.isascii() and number.isdigit() and int(number) < len(named):
        return list(named.values())[int(number)]
    names = [key for key in named if isinstance(key, str)]
    expected = " or ".join(filter(None, [", ".join(names), f"a number from 0 to {len(named) - 1}"]))
    raise UsageError(setting, received=name, expected=expected)


class ForeignEncoder(ForeignModel):
    """Maps images in [0, 1] to codes. `code` is known once `see` was given a first batch."""

    code: tuple[CodeDimension, ...] = ()

    def see(self, x: Tensor) -> dict[str, Tensor]:
        """What `checked` returns for a first batch, by which the dimensions of the code are known."""
        found = self.checked(x)
        columns, of_columns = found["codes"].shape[1], self.settings.code_classes
        if of_columns and len(of_columns) != columns:
            received, expected = f"{len(of_columns)} numbers", f"{columns}, one per column of the code"
            raise UsageError("code_classes", received=received, expected=expected)
        self.code = with_classes(of_columns or (self.settings.classes or 0,) * columns)
        return found

    def encode(self, x: Tensor) -> Tensor:
        """(B, C, H, W) in [0, 1] -> (B, K) float32."""
        found = self.rows(self.outputs(prepared(x, self.settings)), len(x))
        classes = self.settings.classes
        if classes and found.shape[1] > 1:
            if found.shape[1] != classes:
                raise UsageError("classes", received=str(classes), expected=f"{found.shape[1]}, as the outputs are")
            return found.argmax(dim=1, keepdim=True).float()
        return found.softmax(dim=1) if self.settings.softmax else found

    def checked(self, x: Tensor) -> dict[str, Tensor]:
        """Whatever of it metrics read, by name, each (B, K): the codes."""
        return {"codes": self.encode(x)}

    def rows(self, found: Tensor, images: int) -> Tensor:
        """An output as one row per image, (images, K) float32; `DevalError` where it has another shape."""
        found = found.float()
        if found.dim() > 2 and found[0].numel() == found.shape[1]:
            found = found.flatten(1)
        if found.dim() == 1 and len(found) == images:
            found = found[:, None]
        if found.dim() != 2 or len(found) != images:
            raise DevalError(
                self.name,
                received=f"outputs of shape {tuple(found.shape)} for {images} images",
                expected=f"({images}, K), one row per image",
                advice="choose another of several outputs with ?output=1",
            )
        return found


class ForeignPosterior(ForeignEncoder):
    """Maps images in [0, 1] to normal posteriors, whose means are the codes; their prior is standard normal."""

    def posterior(self, x: Tensor) -> NormalDistribution:
        """(B, C, H, W) in [0, 1] -> q(z|x), batch shape (B, K)."""
        mean, log_variance = self.checked(x).values()
        return NormalDistribution(mean, (0.5 * log_variance).exp())

    def checked(self, x: Tensor) -> dict[str, Tensor]:
        """The codes and log variances, each (B, K); `UsageError` where the latter are no log variances of them."""
        found = self.computed(prepared(x, self.settings))
        mean, log_variance = (self.output(found, setting, x.device) for setting in ("output", "log_variance"))
        if mean is log_variance:
            expected = "another output than that of the code"
            raise UsageError("log_variance", received=self.settings.log_variance, expected=expected)
        codes, log_variances = (self.rows(output, len(x)) for output in (mean, log_variance))
        if codes.shape != log_variances.shape:
            received, expected = f"shape {tuple(log_variances.shape)}", f"{tuple(codes.shape)}, as the codes"
            raise UsageError("log_variance", received=received, expected=expected)
        return {"codes": codes, "log variances": log_variances}


class ForeignGenerator(ForeignModel):
    """Maps latents of its prior to images."""

    def __init__(
        self,
        compute: Callable[[Tensor], Any],
        name: str,
        settings: SourceSettings,
        about: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(compute, name, settings, about)
        self.prior = parse_prior(settings.prior)

    def generate(self, z: Tensor, draw: Draw | None = None) -> Tensor:
        """(B, Z) -> (B, C, H, W) in [0, 1]."""
        images = self.outputs(z).float()
        if images.dim() != 4 or len(images) != len(z):
            raise DevalError(
                self.name,
                received=f"images of shape {tuple(images.shape)} for {len(z)} latents",
                expected=f"({len(z)}, C, H, W)",
            )
        black, white = self.settings.range
        return ((images - black) / (white - black)).clamp(0, 1)


class FinishedImages(nn.Module):
    """Images that a generator elsewhere has made, given as a data set on a device."""

    def __init__(self, data: Dataset, device: torch.device) -> None:
        super().__init__()
        self.name = data.name
        self.finished = data.to(device)
        # What is computed with them is computed there.
        self.register_buffer("place", torch.empty(0, device=device), persistent=False)


def prepared(x: Tensor, settings: SourceSettings) -> Tensor:
    """Images (B, C, H, W) in [0, 1] as the settings say: channels, size, range, then mean and standard deviation."""
    if settings.channels == "3" and x.shape[1] == 1:
        x = x.expand(-1, 3, -1, -1)
    elif settings.channels == "1" and x.shape[1] == 3:
        x = (x * x.new_tensor(LUMINANCE).view(1, 3, 1, 1)).sum(dim=1, keepdim=True)
    if settings.size and tuple(x.shape[2:]) != (settings.size, settings.size):
        x = interpolate(x, size=(settings.size, settings.size), mode="bilinear", antialias=True)
    black, white = settings.range
    if (black, white) != (0.0, 1.0):
        x = black + (white - black) * x
    if settings.mean:
        x = x - x.new_tensor(settings.mean).view(1, -1, 1, 1)
    if settings.std:
        x = x / x.new_tensor(settings.std).view(1, -1, 1, 1)
    return x.contiguous()


def parse_prior(text: str) -> Prior:
    """`normal:10`, or several parts joined by `+`; `UsageError` for anything else."""
    parts = []
    for part in text.split("+"):
        name, _, number = part.partition(":")
        if name not in PRIORS or not number.isdecimal() or not 0 < int(number) <= WIDEST:
            expected = "normal:10, uniform:10 or onehot:10, parts joined by +"
            raise UsageError("prior", received=repr(text), expected=expected)
        parts.append(PRIORS[name](int(number)))
    return Prior(tuple(parts))


def text_of_prior(prior: Any) -> str:
    """A prior as `parse_prior` reads it; empty for one that has no such name."""
    names = {part: name for name, part in PRIORS.items()}
    if not isinstance(prior, Prior) or any(type(part) not in names for part in prior.parts):
        return ""
    text = "+".join(f"{names[type(part)]}:{part.width}" for part in prior.parts)
    return text if parse_prior(text) == prior else ""
