"""Fully connected layers that oneDNN computes, for CPUs on which PyTorch's MKL leaves AVX-512 unused.

The gradients of such a layer are products of the same kind, of transposed views, so one operator computes all three.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.nn.functional import linear

from disentangle_eval.runtime.autocast import under_autocast
from disentangle_eval.runtime.taken_gradients import identity, is_taken

# Of smaller layers, in weights, the way to oneDNN costs what is gained.
LARGE = 2**17


def use_onednn(model: nn.Module) -> None:
    """Let the large fully connected layers of a model compute so; parameters and `isinstance` stay as they are.

    So does every large layer that multiplies by an attribute `multiply` in place of `torch.nn.functional.linear`.
    """
    if not torch.backends.mkldnn.is_available():
        return
    for module in model.modules():
        weight = getattr(module, "weight", None)
        if not isinstance(weight, Tensor) or weight.numel() < LARGE:
            continue
        if type(module) is nn.Linear:
            module.__class__ = OneDNNLinear
        elif hasattr(module, "multiply"):
            module.multiply = multiply  # type: ignore[assignment]


class OneDNNLinear(nn.Linear):
    """The same map with the same parameters."""

    def forward(self, input: Tensor) -> Tensor:
        return multiply(input, self.weight, self.bias)


def multiply(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """`torch.nn.functional.linear`: x (..., I), weight (O, I), bias (O,) or None -> (..., O)."""
    # In bf16 PyTorch calls oneDNN itself.
    if x.dim() < 2 or under_autocast(x.device.type):
        return linear(x, weight, bias)
    if x.dim() == 2:
        return product(x, weight, bias)
    y: Tensor = product(x.flatten(0, -2), weight, bias).unflatten(0, x.shape[:-1])
    return y


def product(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x (B, I) times the transpose of weight (O, I), plus bias (O,) or None -> (B, O)."""
    return _Product.apply(x, weight, bias)  # type: ignore[no-any-return, no-untyped-call]


class _Product(Function):
    @staticmethod
    def forward(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        if any(not _is_for_onednn(value) for value in (x, weight)):
            return linear(x, weight, bias)
        y: Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")
        return y

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        x, weight, bias = inputs
        ctx.weight, ctx.bias = identity(weight), identity(bias)
        ctx.save_for_backward(x, weight)
        ctx.save_for_forward(x, weight)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (gradient,) = gradients
        x, weight = ctx.saved_tensors
        of_x, of_weight, of_bias = ctx.needs_input_grad
        return (
            product(gradient, weight.t()) if of_x else None,
            product(gradient.t(), x.t()) if of_weight and is_taken(ctx.weight) else None,
            gradient.sum(0) if of_bias and is_taken(ctx.bias) else None,
        )

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Tensor:
        x, weight = ctx.saved_tensors
        of_x, of_weight, of_bias = tangents
        of_x, of_weight = (
            torch.zeros_like(value) if tangent is None else tangent
            for value, tangent in ((x, of_x), (weight, of_weight))
        )
        change = linear(of_x, weight) + linear(x, of_weight)
        return change if of_bias is None else change + of_bias

    @staticmethod
    def vmap(info: Any, in_dims: tuple[int | None, ...], *values: Any) -> tuple[Tensor, int]:
        mapped: Tensor = torch.vmap(linear, in_dims)(*values)
        return mapped, 0


def _is_for_onednn(value: Tensor) -> bool:
    return value.dtype == torch.float32 and value.device.type == "cpu" and value.numel() > 0
