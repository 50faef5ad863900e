"""Fully connected layers by oneDNN are the same maps with the same gradients, of models that go on as before."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from disentangle_eval.runtime.devices import place
from disentangle_eval.runtime.processor import Processor, default_products, parsed
from disentangle_eval.runtime.products import LARGE, product, use_onednn

CPU = torch.device("cpu")
FLOAT32 = {"rtol": 1e-4, "atol": 1e-4}

pytestmark = pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="this torch has no oneDNN")


@pytest.fixture(params=[True, False], ids=["bias", "no bias"])
def pair(request: pytest.FixtureRequest) -> tuple[nn.Linear, nn.Linear]:
    """PyTorch's layer, and the same with oneDNN's products."""
    torch.manual_seed(0)
    plain = nn.Linear(512, LARGE // 512, bias=request.param)
    twin = copy.deepcopy(plain)
    use_onednn(twin)
    assert type(twin) is not nn.Linear
    return plain, twin


def derivatives(layer: nn.Linear, x: Tensor) -> list[Tensor]:
    """Output, its gradients for input and parameters, and the gradients of a penalty on the input's gradient."""
    x = x.clone().requires_grad_()
    y = layer(x)
    gradients = torch.autograd.grad(y.tanh().sum(), [x, *layer.parameters()], create_graph=True)
    penalty = (gradients[0] ** 2).sum()
    return [y, *gradients, *torch.autograd.grad(penalty, [x, layer.weight])]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(5, 512), (2, 3, 512), (0, 512), (512,)])
def test_values_and_first_and_second_gradients_are_those_of_pytorch(
    pair: tuple[nn.Linear, nn.Linear], dtype: torch.dtype, shape: tuple[int, ...]
) -> None:
    x = torch.randn(shape, dtype=dtype)
    found = [derivatives(layer.to(dtype), x) for layer in pair]
    for theirs, mine in zip(*found, strict=True):
        torch.testing.assert_close(mine, theirs, **(FLOAT32 if dtype == torch.float32 else {"rtol": 1e-12, "atol": 0}))


def test_derivatives_of_the_product_are_those_of_differences() -> None:
    x, weight, bias = (torch.randn(*shape, dtype=torch.float64, requires_grad=True) for shape in ((3, 4), (2, 4), (2,)))
    assert torch.autograd.gradcheck(product, (x, weight, bias), check_forward_ad=True)
    assert torch.autograd.gradgradcheck(product, (x, weight, bias))


def test_only_wanted_gradients_are_taken(pair: tuple[nn.Linear, nn.Linear]) -> None:
    _, layer = pair
    layer.requires_grad_(False)
    x = torch.randn(3, 512, requires_grad=True)
    layer(x).sum().backward()
    assert x.grad is not None
    assert all(parameter.grad is None for parameter in layer.parameters())


def test_what_it_puts_out_can_be_changed_in_place(pair: tuple[nn.Linear, nn.Linear]) -> None:
    plain, layer = pair
    x = torch.randn(3, 512)
    torch.testing.assert_close(layer(x).relu_(), plain(x).relu(), **FLOAT32)


def test_under_autocast_the_layer_is_pytorchs(pair: tuple[nn.Linear, nn.Linear]) -> None:
    taken = []
    x = torch.randn(4, 512)
    for layer in pair:
        with torch.autocast("cpu", torch.bfloat16):
            y = layer(x)
        assert y.dtype == torch.bfloat16
        y.float().square().sum().backward()
        taken.append([y, *(parameter.grad for parameter in layer.parameters())])
    assert all(map(torch.equal, *taken))


def test_on_a_device_that_has_no_autocast_the_layer_is_pytorchs(pair: tuple[nn.Linear, nn.Linear]) -> None:
    x = torch.randn(4, 512, device="meta", requires_grad=True)
    for layer in pair:
        y = layer.to("meta")(x)
        assert y.shape == (4, layer.out_features)
        y.sum().backward()


def test_transforms_of_functions_go_through(pair: tuple[nn.Linear, nn.Linear]) -> None:
    x = torch.randn(3, 512)
    found = []
    for layer in pair:
        weights = dict(layer.named_parameters())
        stacks = {name: torch.stack([value, 2 * value]) for name, value in weights.items()}

        def of(parameters: dict[str, Tensor], x: Tensor, layer: nn.Module = layer) -> Tensor:
            return torch.func.functional_call(layer, parameters, (x,)).tanh()

        def total(parameters: dict[str, Tensor], x: Tensor, of: Callable[..., Tensor] = of) -> Tensor:
            return of(parameters, x).sum()

        found.append(
            [
                torch.func.vmap(torch.func.grad(total), in_dims=(None, 0))(weights, x[:, None]),
                torch.func.vmap(torch.func.grad(total, argnums=(0, 1)), in_dims=(0, None))(stacks, x),
                torch.func.jvp(of, (weights, x), (weights, x.cos())),
            ]
        )
    torch.testing.assert_close(found[1], found[0], **FLOAT32)


def test_small_layers_and_subclasses_stay_what_they_are_and_so_do_all_where_products_are_torchs() -> None:
    class Own(nn.Linear):
        pass

    model = nn.ModuleList([Own(512, 512), nn.Linear(1000, 2), nn.Linear(10, 1000)])
    kinds = [type(layer) for layer in model]
    use_onednn(model)
    assert [type(layer) for layer in model] == kinds
    large = nn.Sequential(nn.Linear(512, 512))
    assert type(place(large, CPU, "torch")[0]) is nn.Linear
    assert type(place(large, CPU, "onednn")[0]) is not nn.Linear


@pytest.mark.parametrize(
    ("vendor", "flags", "products"),
    [
        ("AuthenticAMD", "fpu avx2 avx512f", "onednn"),
        ("AuthenticAMD", "fpu avx2", "torch"),
        ("GenuineIntel", "fpu avx2 avx512f", "torch"),
        ("", "", "torch"),
    ],
)
def test_products_follow_from_maker_and_instructions(vendor: str, flags: str, products: str) -> None:
    said = f"processor\t: 0\nvendor_id\t: {vendor}\nmodel name\t: Some CPU\nflags\t\t: {flags}\n\nprocessor\t: 1\n"
    cpu = parsed(said, Processor("x"))
    assert cpu.name == "Some CPU"
    assert default_products(cpu) == products
    assert default_products(Processor("arm")) == "torch"


def test_a_processor_is_named_with_family_and_model() -> None:
    said = "vendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 17\nmodel name\t: AMD EPYC\n"
    assert parsed(said, Processor("x")).name == "AMD EPYC (family 25, model 17)"
