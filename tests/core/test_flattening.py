"""A flattening that keeps the layout of gradients is the same map, and layers before it compute as they should."""

from __future__ import annotations

import copy
from collections.abc import Callable
from itertools import product

import pytest
import torch
from torch import Tensor, nn

from disentangle_eval.runtime.devices import place
from disentangle_eval.runtime.flattening import LayoutKeepingFlatten, keep_layout

CPU = torch.device("cpu")


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")
def test_values_and_gradients_of_every_order_are_those_of_pytorch() -> None:
    torch.manual_seed(0)
    x = torch.randn(3, 4, 5, 2, dtype=torch.float64).contiguous(memory_format=torch.channels_last).requires_grad_()
    weight = torch.randn(40, dtype=torch.float64)
    found = []
    for layer in (nn.Flatten(), LayoutKeepingFlatten()):
        y = layer(x)
        (first,) = torch.autograd.grad((y.sin() * weight).sum(), x, create_graph=True)
        found.append([y, first, *torch.autograd.grad(first.square().sum(), x)])
        found[-1] += [torch.func.vmap(torch.func.grad(lambda x, layer=layer: (layer(x[None]).sin() * weight).sum()))(x)]
        found[-1] += torch.func.jvp(layer, (x,), (x.cos(),))
    assert all(map(torch.equal, *found))


def test_the_gradient_has_the_layout_of_the_images() -> None:
    for layout in (torch.channels_last, torch.contiguous_format):
        seen: list[Tensor] = []
        x = torch.randn(2, 3, 4, 4).contiguous(memory_format=layout).requires_grad_()
        images = x * 1
        images.register_hook(seen.append)
        LayoutKeepingFlatten()(images).square().sum().backward()
        assert seen[0].is_contiguous(memory_format=layout)


def test_what_it_puts_out_can_be_changed_in_place() -> None:
    parts: tuple[Callable[[Tensor], Tensor], ...] = (
        lambda x: x,
        lambda x: x[::2],
        lambda x: x[::2, :1],
        lambda x: x[::2, :, :1, :1],
        lambda x: x[0],
    )
    for layout, part in product((torch.channels_last, torch.contiguous_format), parts):
        images = torch.randn(4, 3, 2, 2).contiguous(memory_format=layout).requires_grad_()
        x = part(images * 1)
        expected = x.flatten(1).sigmoid()
        assert torch.equal(LayoutKeepingFlatten()(x).sigmoid_(), expected)


def test_batch_normalisation_before_it_sums_its_gradients_in_float32_under_bf16() -> None:
    torch.manual_seed(0)
    model = place(nn.Sequential(nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.Flatten()), CPU)
    weight = torch.randn(64, 8 * 36)
    with torch.autocast("cpu", torch.bfloat16):
        y = model(torch.randn(64, 1, 8, 8))
    (y * weight.to(y.dtype)).sum().backward()
    expected = weight.to(y.dtype).double().view(64, 8, 36).sum((0, 2))
    torch.testing.assert_close(model[1].bias.grad.double(), expected, rtol=1e-5, atol=1e-4)


def test_flattenings_of_other_dimensions_and_subclasses_stay_what_they_are() -> None:
    class Own(nn.Flatten):
        pass

    layers = nn.ModuleList([Own(), nn.Flatten(2), nn.Flatten(0, 1)])
    kinds = [type(layer) for layer in layers]
    keep_layout(layers)
    assert [type(layer) for layer in layers] == kinds
    assert type(copy.deepcopy(place(nn.Flatten(), CPU))) is LayoutKeepingFlatten
