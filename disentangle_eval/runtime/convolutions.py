"""Transposed convolutions that a CPU computes in another way: the same sums, in a half to a third of the time.

Two maps around a transposed convolution are slow in oneDNN: the gradient for its weight, and the map itself where
it puts out few channels, as the last layer of a decoder does. Both are also maps that it computes fast.
"""

from __future__ import annotations

from itertools import product
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.nn.functional import conv2d, conv_transpose2d

from disentangle_eval.runtime.autocast import under_autocast
from disentangle_eval.runtime.taken_gradients import identity, is_taken

# oneDNN computes sixteen channels at once, and in `doubling` each takes four.
FEW_CHANNELS = 4


class Geometry(NamedTuple):
    """Of a transposed convolution: a pair of numbers each, for rows and columns."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    output_padding: tuple[int, int]
    dilation: tuple[int, int]


DOUBLING = Geometry(kernel=(4, 4), stride=(2, 2), padding=(1, 1), output_padding=(0, 0), dilation=(1, 1))


def rearrange(model: nn.Module) -> None:
    """Let the transposed convolutions of a model compute so; parameters and `isinstance` stay as they are."""
    for module in model.modules():
        if type(module) is nn.ConvTranspose2d and _has_adjoint(module):
            module.__class__ = RearrangedConvTranspose2d


class RearrangedConvTranspose2d(nn.ConvTranspose2d):
    """The same map with the same parameters."""

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:
        if output_size is not None or input.dim() != 4:
            return super().forward(input, output_size)
        geometry = Geometry(self.kernel_size, self.stride, self.padding, self.output_padding, self.dilation)  # type: ignore[arg-type]
        return transposed(*_as_autocast(input, self.weight, self.bias), geometry)


def transposed(x: Tensor, weight: Tensor, bias: Tensor | None, geometry: Geometry) -> Tensor:
    """`conv_transpose2d` of x (B, I, H, W) with weight (I, O, ...) and bias (O,) or None."""
    return _Transposed.apply(x, weight, bias, geometry)  # type: ignore[no-any-return, no-untyped-call]


class _Transposed(Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, weight: Tensor, bias: Tensor | None, geometry: Geometry) -> Tensor:
        if geometry == DOUBLING and weight.shape[1] <= FEW_CHANNELS:
            return doubling(x, weight, bias)
        return _plain(x, weight, bias, geometry)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        x, weight, bias, ctx.geometry = inputs
        ctx.weight, ctx.bias = identity(weight), identity(bias)
        ctx.save_for_backward(x, weight)
        ctx.save_for_forward(x, weight)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (gradient,) = gradients
        x, weight = ctx.saved_tensors
        of_x, of_weight, of_bias, _ = ctx.needs_input_grad
        return (
            input_gradient(x, gradient, weight, ctx.geometry) if of_x else None,
            adjoint_weight_gradient(x, gradient, weight, ctx.geometry) if of_weight and is_taken(ctx.weight) else None,
            # oneDNN would compute the weight's gradient along with it.
            gradient.sum((0, 2, 3)) if of_bias and is_taken(ctx.bias) else None,
            None,
        )

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Tensor:
        x, weight = ctx.saved_tensors
        of_x, of_weight, of_bias, _ = tangents
        of_x, of_weight = (
            torch.zeros_like(value) if tangent is None else tangent
            for value, tangent in ((x, of_x), (weight, of_weight))
        )
        change = _plain(of_x, weight, None, ctx.geometry) + _plain(x, of_weight, None, ctx.geometry)
        return change if of_bias is None else change + of_bias[:, None, None]


def input_gradient(x: Tensor, gradient: Tensor, weight: Tensor, geometry: Geometry) -> Tensor:
    """The gradient for x, by PyTorch's own operator."""
    _, stride, padding, output_padding, dilation = geometry
    wanted = [True, False, False]
    of_x: Tensor = torch.ops.aten.convolution_backward(
        gradient, x, weight, None, stride, padding, dilation, True, output_padding, 1, wanted
    )[0]
    return of_x


def adjoint_weight_gradient(x: Tensor, gradient: Tensor, weight: Tensor, geometry: Geometry) -> Tensor:
    """The weight's gradient as that of the convolution whose adjoint this is: there x and gradient change places."""
    _, stride, padding, _, dilation = geometry
    wanted = [False, True, False]
    of_weight: Tensor = torch.ops.aten.convolution_backward(
        x, gradient, weight, None, stride, padding, dilation, False, [0, 0], 1, wanted
    )[1]
    return of_weight


def doubling(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """`conv_transpose2d` of x (B, I, H, W) with weight (I, O, 4, 4), stride 2 and padding 1 -> (B, O, 2H, 2W).

    A pixel of the result is a sum over 2 x 2 pixels of x, with weights that the parities of its row and column choose:
    a convolution that has O channels for each pair of parities, which are then interleaved.
    """
    batch, inputs, height, width = x.shape
    outputs = weight.shape[1]
    # Even rows meet the kernel's rows 3 and 1, odd rows its rows 2 and 0; columns likewise.
    taps = weight.flip(2, 3).view(inputs, outputs, 2, 2, 2, 2)
    kernel = taps.permute(3, 5, 1, 0, 2, 4).reshape(4 * outputs, inputs, 2, 2)
    parities = conv2d(x, kernel, None if bias is None else bias.repeat(4), padding=1).unflatten(1, (2, 2, outputs))
    channels_last = (4 * height * width * outputs, 1, 2 * width * outputs, outputs)
    y: Tensor = parities.new_empty_strided((batch, outputs, 2 * height, 2 * width), channels_last)
    for row, column in product((0, 1), (0, 1)):
        y[:, :, row::2, column::2] = parities[:, row, column, :, row : row + height, column : column + width]
    return y


def _plain(x: Tensor, weight: Tensor, bias: Tensor | None, geometry: Geometry) -> Tensor:
    _, stride, padding, output_padding, dilation = geometry
    y: Tensor = conv_transpose2d(x, weight, bias, stride, padding, output_padding, 1, dilation)
    return y


def _has_adjoint(module: nn.ConvTranspose2d) -> bool:
    """Whether some convolution of real numbers puts out the size that goes in here."""
    fits = all(padding < stride for padding, stride in zip(module.output_padding, module.stride, strict=True))
    return fits and module.groups == 1 and module.weight.is_floating_point()


def _as_autocast(x: Tensor, weight: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor, Tensor | None]:
    """Rounded as autocast would, so that what is kept for the gradients is rounded too."""
    device = x.device.type
    if not under_autocast(device):
        return x, weight, bias
    dtype = torch.get_autocast_dtype(device)
    x, weight = (value if value.dtype == torch.float64 else value.to(dtype) for value in (x, weight))
    return x, weight, bias if bias is None else bias.to(weight.dtype)
