"""Rearranged convolutions are the same maps with the same gradients, of models that go on as before."""

from __future__ import annotations

import copy
from collections.abc import Callable
from itertools import product

import pytest
import torch
from torch import Tensor, nn

from disentangle_eval.runtime.convolutions import rearrange
from disentangle_eval.runtime.devices import place

LAYERS = {
    "doubling, one channel": lambda: nn.ConvTranspose2d(5, 1, 4, 2, padding=1),
    "doubling, colours": lambda: nn.ConvTranspose2d(5, 3, 4, 2, padding=1, bias=False),
    "doubling, many channels": lambda: nn.ConvTranspose2d(3, 6, 4, 2, padding=1),
    "doubling to an odd size": lambda: nn.ConvTranspose2d(3, 2, 4, 2, padding=1, output_padding=(1, 0)),
    "other shape": lambda: nn.ConvTranspose2d(3, 4, (3, 5), (1, 3), padding=(0, 2), dilation=(2, 1)),
}


@pytest.fixture(params=LAYERS)
def pair(request: pytest.FixtureRequest) -> tuple[nn.ConvTranspose2d, nn.ConvTranspose2d]:
    """PyTorch's layer, and the same rearranged, in double precision."""
    torch.manual_seed(0)
    return with_twin(LAYERS[request.param]().double())


def with_twin(plain: nn.ConvTranspose2d) -> tuple[nn.ConvTranspose2d, nn.ConvTranspose2d]:
    rearranged = copy.deepcopy(plain)
    rearrange(rearranged)
    assert type(rearranged) is not type(plain)
    return plain, rearranged


@pytest.mark.parametrize("size", [(6, 4), (7, 9)])
def test_values_and_first_and_second_gradients_are_those_of_pytorch(
    pair: tuple[nn.ConvTranspose2d, nn.ConvTranspose2d], size: tuple[int, int]
) -> None:
    plain, rearranged = pair
    x = torch.randn(2, plain.in_channels, *size)
    for mine, theirs in zip(derivatives(rearranged, x), derivatives(plain, x), strict=True):
        torch.testing.assert_close(mine, theirs)


def derivatives(layer: nn.ConvTranspose2d, x: Tensor) -> list[Tensor]:
    """Output, its gradients for input and parameters, and the gradients of a penalty on the input's gradient."""
    x = x.double().requires_grad_()
    y = layer(x)
    gradients = torch.autograd.grad(y.tanh().sum(), [x, *layer.parameters()], create_graph=True)
    penalty = (gradients[0] ** 2).sum()
    return [y, *gradients, *torch.autograd.grad(penalty, [x, *layer.parameters()])]


def test_only_wanted_gradients_are_taken(pair: tuple[nn.ConvTranspose2d, nn.ConvTranspose2d]) -> None:
    plain, rearranged = pair
    channels = plain.in_channels
    for of_x, of_weight in ((True, False), (False, True)):
        taken = []
        for layer in (plain, rearranged):
            x = torch.ones(1, channels, 4, 4, dtype=torch.float64, requires_grad=of_x)
            layer.zero_grad()
            layer.requires_grad_(of_weight)
            layer(x).tanh().sum().backward()
            taken.append([x.grad, *(parameter.grad for parameter in layer.parameters())])
        torch.testing.assert_close(taken[1], taken[0])


def test_what_it_puts_out_can_be_changed_in_place(pair: tuple[nn.ConvTranspose2d, nn.ConvTranspose2d]) -> None:
    plain, rearranged = pair
    x = torch.randn(2, plain.in_channels, 3, 3, dtype=torch.float64)
    torch.testing.assert_close(rearranged(x).sigmoid_(), plain(x).sigmoid())


def test_a_copy_of_a_placed_model_has_weights_of_its_own() -> None:
    model = place(nn.Sequential(nn.ConvTranspose2d(2, 1, 4, 2, padding=1)), torch.device("cpu"))
    twin = copy.deepcopy(model)
    x = torch.randn(1, 2, 3, 3)
    before = twin(x)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    assert torch.equal(twin(x), before)
    assert not torch.equal(model(x), before)


def test_layers_of_other_kinds_and_of_subclasses_stay_what_they_are() -> None:
    class Own(nn.ConvTranspose2d):
        pass

    layers = nn.ModuleList(
        [
            Own(2, 2, 4, 2, padding=1),
            nn.ConvTranspose2d(2, 2, 4, 2, padding=1, groups=2),
            nn.ConvTranspose2d(2, 2, 3, dilation=2, output_padding=1),
            nn.ConvTranspose2d(2, 2, 3, dtype=torch.complex64),
            nn.Conv2d(2, 2, 4, 2, padding=1),
        ]
    )
    kinds = [type(layer) for layer in layers]
    rearrange(layers)
    assert [type(layer) for layer in layers] == kinds


def test_under_autocast_weights_and_images_are_rounded_as_pytorch_does() -> None:
    for make in LAYERS.values():
        plain, rearranged = with_twin(make())
        x = torch.randn(2, plain.in_channels, 6, 6)
        taken = []
        for layer in (plain, rearranged):
            with torch.autocast("cpu", torch.bfloat16):
                y = layer(x)
            assert y.dtype == torch.bfloat16
            y.float().square().sum().backward()
            taken.append([y, *(parameter.grad for parameter in layer.parameters())])
            assert all(gradient.dtype == torch.float32 for gradient in taken[-1][1:])
        torch.testing.assert_close(taken[1], taken[0], rtol=0.03, atol=0.03)


def test_backward_does_not_look_at_autocast(pair: tuple[nn.ConvTranspose2d, nn.ConvTranspose2d]) -> None:
    _, layer = pair
    layer.float()
    x = torch.randn(2, layer.in_channels, 4, 4, requires_grad=True)
    gradients = []
    for enabled in (False, True):
        loss = layer(x).tanh().sum()
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            gradients.append(torch.autograd.grad(loss, [x, *layer.parameters()]))
    assert all(map(torch.equal, *gradients))


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")
def test_transforms_of_functions_go_through(pair: tuple[nn.ConvTranspose2d, nn.ConvTranspose2d]) -> None:
    """Single images, mapping over images and over weights, and derivatives in forward mode."""
    x = torch.randn(3, pair[0].in_channels, 4, 4, dtype=torch.float64)
    found = []
    for layer in pair:
        weights = dict(layer.named_parameters())
        stacks = {name: torch.stack([value, 2 * value]) for name, value in weights.items()}

        def of(parameters: dict[str, Tensor], x: Tensor, layer: nn.Module = layer) -> Tensor:
            return torch.func.functional_call(layer, parameters, (x,)).tanh()

        def total(parameters: dict[str, Tensor], x: Tensor, of: Callable[..., Tensor] = of) -> Tensor:
            return of(parameters, x).sum()

        over_images = torch.func.vmap(torch.func.grad(total), in_dims=(None, 0))
        over_weights = torch.func.vmap(torch.func.grad(total, argnums=(0, 1)), in_dims=(0, None))
        found.append(
            [
                layer(x[0]),
                over_images(weights, x),
                over_images(weights, x[:, None]),
                over_weights(stacks, x),
                torch.func.jvp(of, (weights, x), (weights, x.cos())),
                torch.func.jvp(lambda x: of({}, x), (x,), (x.cos(),)),
                torch.func.jacfwd(lambda weights: of(weights, x[:1]))(weights),
            ]
        )
    torch.testing.assert_close(found[1], found[0])


def test_geometry_by_hand() -> None:
    """One pixel, one channel: a transposed convolution of stride 2 and padding 1 shows the kernel's inner part."""
    layer = nn.ConvTranspose2d(1, 1, 4, 2, padding=1, bias=False)
    rearrange(layer)
    with torch.no_grad():
        layer.weight.copy_(torch.arange(16.0).view(1, 1, 4, 4))
    shown = layer(torch.ones(1, 1, 1, 1))
    assert shown.flatten().tolist() == [row * 4 + column for row, column in product((1, 2), (1, 2))]
