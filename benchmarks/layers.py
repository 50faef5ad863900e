"""How fast does each layer compute forwards and its gradients, and would another form of the same sum be faster?

For every convolution, transposed convolution and fully connected layer of a model, with the shapes of one training
iteration, and for each of three passes (its output, the gradient of its input, that of its weight): milliseconds and
GFLOP/s of each form in which this CPU's libraries can compute the pass.

    own         PyTorch's operator for the layer
    adjoint     the operator of the layer whose gradient this sum is: of a transposed convolution a convolution's
    parities    a transposed convolution of stride 2 as one convolution with four times the channels, interleaved
    unshuffled  a convolution of stride 2 over blocks of 2 x 2 pixels, taken as channels
    onednn      of a fully connected layer, oneDNN's product in place of MKL's

Forms take turns, and the fastest of some repeats counts; with one thread its CPU time, which other work on the core
disturbs less. Writes a JSON line per layer and pass.

    python benchmarks/layers.py beta-vae factorvae ibgan --threads 1 --out evidence/benchmarks/layers.jsonl
"""

from __future__ import annotations

import argparse
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from lines import line, write
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, linear, pad, pixel_unshuffle

from disentangle_eval.config import resolve
from disentangle_eval.opening.datasets import open_dataset
from disentangle_eval.opening.models import build_model
from disentangle_eval.registry.lookup import load_registry
from disentangle_eval.runtime.convolutions import DOUBLING, FEW_CHANNELS, Geometry, doubling
from disentangle_eval.runtime.devices import describe_device
from disentangle_eval.runtime.host_memory import keep_freed_memory
from disentangle_eval.runtime.processor import default_products
from disentangle_eval.runtime.products import LARGE, product
from disentangle_eval.training.training import Training

SEED = 0
CPU = torch.device("cpu")
MODELS = ("beta-vae", "factorvae", "ibgan")
PASSES = ("output", "input", "weight")

Forms = Mapping[str, Callable[[], Tensor]]


class Shape(NamedTuple):
    """A layer as it is called: its kind, weight, and input; kernel and so on of convolutions alone."""

    kind: str
    weight: tuple[int, ...]
    input: tuple[int, ...]
    stride: int = 1
    padding: int = 0

    def __str__(self) -> str:
        if self.kind == "dense":
            return f"{self.weight[1]} to {self.weight[0]}"
        first, second, kernel, _ = self.weight
        channels = f"{second} to {first}" if self.kind == "convolution" else f"{first} to {second}"
        return f"{channels}, {kernel} x {kernel} / {self.stride} at {self.input[2]} x {self.input[3]}"


def shapes_of(model: str, dataset: str, batch: int) -> Counter[Shape]:
    """The layers of a model, and how often one iteration calls each."""
    registry = load_registry()
    record = registry.find_model(model)
    data = open_dataset(dataset, None)
    cfg = resolve(registry.resolve(record, "config"), dataset, None, {"batch_size": batch})
    training = Training(build_model(registry.resolve(record), cfg, data.shape, SEED), data, cfg, SEED, CPU)
    found: Counter[Shape] = Counter()
    for module in training.model.modules():
        if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            module.register_forward_pre_hook(lambda module, inputs: found.update([shape_of(module, inputs[0])]))
    training.advance(1)
    return found


def shape_of(module: nn.Module, x: Tensor) -> Shape:
    weight: Tensor = module.weight
    if isinstance(module, nn.Linear) or (x.shape[2:] == weight.shape[2:] and module.padding == (0, 0)):
        return Shape("dense", tuple(weight.flatten(1).shape), tuple(x.flatten(1).shape))
    kind = "transposed" if isinstance(module, nn.ConvTranspose2d) else "convolution"
    return Shape(kind, tuple(weight.shape), tuple(x.shape), module.stride[0], module.padding[0])


# ---------------------------------------------------------------- forms


def forms(shape: Shape) -> Iterator[tuple[str, str, Forms]]:
    """Each pass of a layer, the form that our models use, and all forms."""
    x, weight = torch.randn(shape.input), torch.randn(shape.weight) * 0.05
    if shape.kind == "dense":
        gradient = torch.randn(len(x), len(weight))
        factors = {"output": (x, weight), "input": (gradient, weight.t()), "weight": (gradient.t(), x.t())}
        used = "onednn" if default_products() == "onednn" and weight.numel() >= LARGE else "own"
        for name, (a, b) in factors.items():
            yield name, used, {"own": lambda a=a, b=b: linear(a, b), "onednn": lambda a=a, b=b: product(a, b)}
        return
    x, weight = (value.to(memory_format=torch.channels_last) for value in (x, weight))
    yield from (of_convolution if shape.kind == "convolution" else of_transposed)(shape, x, weight)


def of_convolution(shape: Shape, x: Tensor, weight: Tensor) -> Iterator[tuple[str, str, Forms]]:
    gradient = torch.randn_like(conv2d(x, weight, None, shape.stride, shape.padding))
    output: dict[str, Callable[[], Tensor]] = {
        "own": lambda: conv2d(x, weight, None, shape.stride, shape.padding),
        "adjoint": gradients(shape, x, gradient, weight, transposed=True)["input"],
    }
    if (shape.weight[2:], shape.stride, shape.padding) == ((4, 4), 2, 1):
        output["unshuffled"] = lambda: unshuffled(x, weight)
    yield "output", "own", output
    own = gradients(shape, gradient, x, weight, transposed=False)
    spare = x.shape[2] - ((gradient.shape[2] - 1) * shape.stride - 2 * shape.padding + shape.weight[2])
    whole = {"adjoint": lambda: conv_transpose2d(gradient, weight, None, shape.stride, shape.padding, spare)}
    yield "input", "own", {"own": own["input"], **whole}
    other = gradients(shape, x, gradient, weight, transposed=True)
    yield "weight", "own", {"own": own["weight"], "adjoint": other["weight"]}


def of_transposed(shape: Shape, x: Tensor, weight: Tensor) -> Iterator[tuple[str, str, Forms]]:
    kernel, stride, padding = shape.weight[2:], (shape.stride,) * 2, (shape.padding,) * 2
    doubles = Geometry((kernel[0], kernel[1]), stride, padding, (0, 0), (1, 1)) == DOUBLING
    y = conv_transpose2d(x, weight, None, shape.stride, shape.padding)
    gradient = torch.randn_like(y)
    output: dict[str, Callable[[], Tensor]] = {
        "own": lambda: conv_transpose2d(x, weight, None, shape.stride, shape.padding),
        "adjoint": gradients(shape, x, y, weight, transposed=False)["input"],
    }
    if doubles:
        output["parities"] = lambda: doubling(x, weight, None)
    yield "output", "parities" if doubles and shape.weight[1] <= FEW_CHANNELS else "own", output
    own = gradients(shape, gradient, x, weight, transposed=True)
    forward = {"adjoint": lambda: conv2d(gradient, weight, None, shape.stride, shape.padding)}
    yield "input", "own", {"own": own["input"], **forward}
    other = gradients(shape, x, gradient, weight, transposed=False)
    yield "weight", "adjoint", {"own": own["weight"], "adjoint": other["weight"]}


def gradients(shape: Shape, gradient: Tensor, x: Tensor, weight: Tensor, transposed: bool) -> Forms:
    """PyTorch's own gradients of a convolution, or a transposed one, for x and for its weight."""

    def of(place: int) -> Tensor:
        found: Tensor = torch.ops.aten.convolution_backward(
            *(gradient, x, weight, None, [shape.stride] * 2, [shape.padding] * 2, [1, 1], transposed, [0, 0], 1),
            [place == 0, place == 1, False],
        )[place]
        return found

    return {"input": lambda: of(0), "weight": lambda: of(1)}


def unshuffled(x: Tensor, weight: Tensor) -> Tensor:
    """`conv2d` of 4 x 4 with stride 2 and padding 1: of 2 x 2 over blocks of 2 x 2 pixels."""
    return conv2d(pixel_unshuffle(pad(x, (1, 1, 1, 1)), 2), pixel_unshuffle(weight, 2))


# ---------------------------------------------------------------- measuring


def flops(shape: Shape) -> int:
    """Of one pass; a multiply-add is two."""
    pixels = math.prod(shape.input[2:]) // (shape.stride**2 if shape.kind == "convolution" else 1)
    return 2 * shape.input[0] * pixels * math.prod(shape.weight)


def least_milliseconds(compared: Forms, repeats: int) -> dict[str, float]:
    """Of each form the fastest run; forms take turns."""
    clock = time.thread_time if torch.get_num_threads() == 1 else time.perf_counter
    least = dict.fromkeys(compared, math.inf)
    for _ in range(repeats):
        for name, compute in compared.items():
            start = clock()
            compute()
            least[name] = min(least[name], 1e3 * (clock() - start))
    return least


def check(compared: Forms) -> None:
    """All forms give the same numbers."""
    own, *others = (compute() for compute in compared.values())
    for other in others:
        torch.testing.assert_close(other, own, rtol=1e-3, atol=1e-3)


def results(model: str, dataset: str, batch: int, repeats: int) -> Iterator[dict[str, Any]]:
    for shape, calls in shapes_of(model, dataset, batch).items():
        for name, used, compared in forms(shape):
            check(compared)
            least = least_milliseconds(compared, repeats)
            yield {
                "model": model,
                "layer": str(shape),
                "kind": shape.kind,
                "pass": name,
                "calls": calls,
                "flops": flops(shape),
                "used": used,
                "milliseconds": {form: round(value, 4) for form, value in least.items()},
                "gflops": {form: round(flops(shape) / value / 1e6, 1) for form, value in least.items()},
            }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "models", nargs="*", help=f"models whose layers are measured; {', '.join(MODELS)} when left out"
    )
    parser.add_argument("--dataset", default="dsprites")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=20, help="of each form, the fastest of which counts")
    parser.add_argument("--out", type=Path, help="file the lines are added to; standard output when left out")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    keep_freed_memory()
    for model in options.models or MODELS:
        for found in results(model, options.dataset, options.batch, options.repeats):
            write(line("layers", {"seed": SEED, "batch": options.batch, **found}, describe_device(CPU)), options.out)


if __name__ == "__main__":
    main()
