"""What can one training iteration cost at the least?

Counts what torch executes in one iteration: floating-point operations of products and convolutions (a multiply-add is
two), bytes read and written by every operator that is not a view, and the operators themselves, each one launch; an
operator over a list of tensors counts once. The counts are taken on the CPU; bytes in float32 and in bf16, operations
and launches in float32. From them follows the least time on a device: the larger of arithmetic and traffic, and apart
from it the time of the launches. Of the CPU at hand its rates are measured, and how long the layers of the iteration
take alone, each product and convolution in its fastest of some repeats; the other devices have their published figures.
Writes one JSON line per model and device.

    python benchmarks/floor.py beta-vae factorvae ibgan --threads 2 --out evidence/benchmarks/floor.jsonl
"""

from __future__ import annotations

import argparse
import functools
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from unittest.mock import DEFAULT, patch

import torch
from lines import Line, line, write
from torch import Tensor
from torch.nn.functional import conv2d
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from disentangle_eval.config import resolve
from disentangle_eval.opening.datasets import open_dataset
from disentangle_eval.opening.models import build_model
from disentangle_eval.registry.lookup import load_registry
from disentangle_eval.runtime.devices import describe_device
from disentangle_eval.runtime.host_memory import keep_freed_memory
from disentangle_eval.runtime.processor import Products
from disentangle_eval.training.precision import Precision, is_emulated
from disentangle_eval.training.rmsprop import RMSprop
from disentangle_eval.training.training import Training

SEED = 0
CPU = torch.device("cpu")
MODELS = ("beta-vae", "factorvae", "ibgan")

MEASURED = "measured"
# An assumption: what a kernel too small to fill the device takes inside a CUDA graph, its start included.
KERNEL_SECONDS = 1.5e-6


@dataclass(frozen=True)
class Device:
    """Operations per second in each arithmetic, dense, and bytes per second of main memory."""

    name: str
    source: str
    flops: dict[Precision, float]
    bandwidth: float
    kernel_seconds: float | None


# Vendor's data sheets, SXM parts; the tensor cores' rates are those without sparsity.
PUBLISHED = (
    Device(
        "NVIDIA H100", "data sheet", {"float32": 67e12, "tf32": 494.7e12, "bf16": 989.4e12}, 3.35e12, KERNEL_SECONDS
    ),
    Device("NVIDIA H200", "data sheet", {"float32": 67e12, "tf32": 494.7e12, "bf16": 989.4e12}, 4.8e12, KERNEL_SECONDS),
)

# ---------------------------------------------------------------- counting

# Operators that make room without writing to it.
EMPTY = ("empty", "new_empty")
# Operators that read of their first tensor as much as they give out.
GATHERS = ("index_select", "index", "gather", "embedding")
# Operators that write to their first tensor without reading it.
OVERWRITES = ("copy_", "fill_", "zero_", "normal_", "uniform_", "random_")
# Parts of the names of operators that compute a layer or one of its gradients.
LAYERS = ("convolution", "mm", "linear")


class Traffic(TorchDispatchMode):
    """Bytes moved and operators run, views apart, while it is entered."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.bytes = 0
        self.launches = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        read = distinct(tensors((args, kwargs)))
        written = distinct([*tensors(result), *mutated(func, args, kwargs or {})])
        name = func.overloadpacket.__name__
        shared = {storage(tensor) for tensor in read.values()}
        view = not func._schema.is_mutable and all(storage(tensor) in shared for tensor in written.values())
        if view or not written or name.startswith(EMPTY):
            return result
        self.launches += 1
        self.bytes += sum(map(size, written.values()))
        for position, tensor in enumerate(read.values()):
            if position == 0 and name in GATHERS:
                self.bytes += min(size(tensor), sum(map(size, written.values())))
            elif position or name not in OVERWRITES:
                self.bytes += size(tensor)
        return result


def tensors(tree: Any) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, Tensor)]


def mutated(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Tensor]:
    """The arguments that an operator writes to."""
    by_place = zip(func._schema.arguments, args, strict=False)
    given = [*by_place, *((argument, kwargs.get(argument.name)) for argument in func._schema.arguments)]
    return tensors([value for argument, value in given if argument.alias_info and argument.alias_info.is_write])


def distinct(found: list[Tensor]) -> dict[tuple[Any, ...], Tensor]:
    """Each stretch of memory once, in order."""
    return {(tensor.data_ptr(), tuple(tensor.shape), tensor.stride()): tensor for tensor in found}


def storage(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def size(tensor: Tensor) -> int:
    """Bytes, those of an expanded dimension once."""
    sides = zip(tensor.shape, tensor.stride(), strict=True)
    return tensor.element_size() * math.prod(side if stride or not side else 1 for side, stride in sides)


@dataclass(frozen=True)
class Cost:
    """What one iteration takes; bytes by arithmetic."""

    flops: int
    bytes: dict[Precision, int]
    launches: int


def iteration_cost(name: str, dataset: str, batch: int) -> Cost:
    flops, moved, launches = counts(name, dataset, batch, "float32")
    return Cost(flops, {"float32": moved, "bf16": counts(name, dataset, batch, "bf16")[1]}, launches)


def counts(name: str, dataset: str, batch: int, precision: Precision) -> tuple[int, int, int]:
    """Operations, bytes and launches of the second iteration: in the first one optimisers make their state."""
    # On a CPU rearranged layers take more operators than another device launches; oneDNN's products are not counted.
    with patch.multiple("disentangle_eval.runtime.devices", rearrange=DEFAULT, keep_layout=DEFAULT):
        training = prepared(name, dataset, batch, precision, "torch")
    for player in training.players.values():
        if isinstance(player.optimiser, RMSprop):
            player.optimiser.__class__ = torch.optim.RMSprop
            player.optimiser.param_groups = [group | {"foreach": True} for group in player.optimiser.param_groups]
    training.advance(1)
    traffic = Traffic()
    with FlopCounterMode(display=False) as arithmetic, traffic:
        training.advance(1)
    return arithmetic.get_total_flops(), traffic.bytes, traffic.launches


def prepared(name: str, dataset: str, batch: int, precision: Precision, products: Products | None = None) -> Training:
    registry = load_registry()
    record = registry.find_model(name)
    data = open_dataset(dataset, None)
    cfg = resolve(registry.resolve(record, "config"), dataset, None, {"batch_size": batch})
    model = build_model(registry.resolve(record), cfg, data.shape, SEED)
    return Training(model, data, cfg, SEED, CPU, precision=precision, products=products)


# ---------------------------------------------------------------- the CPU at hand


class Layers(TorchDispatchMode):
    """The least seconds of every product and convolution that is computed while it is entered, each repeated alone."""

    def __init__(self, repeats: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.repeats = repeats
        self.seconds = 0.0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        compute = functools.partial(func, *args, **(kwargs or {}))
        if any(layer in func.name() for layer in LAYERS):
            self.seconds += least_seconds(compute, self.repeats)
        return compute()


def layers_ms(name: str, dataset: str, batch: int, repeats: int) -> dict[Precision, float]:
    """What the layers of an iteration take alone on the CPU at hand, by arithmetic, in the forms that training uses."""
    keep_freed_memory()
    precisions: list[Precision] = ["float32"] if is_emulated("bf16", CPU) else ["float32", "bf16"]
    found: dict[Precision, float] = {}
    for precision in precisions:
        training = prepared(name, dataset, batch, precision)
        training.advance(1)
        with Layers(repeats) as layers:
            training.advance(1)
        found[precision] = round(1e3 * layers.seconds, 4)
    return found


def measured_cpu(repeats: int) -> Device:
    """The best rates of arithmetic, and a copy of 256 MiB, whose bytes are counted as read and as written."""
    source = torch.rand(2**26)
    target = torch.empty_like(source)
    copy = 2 * source.nbytes / least_seconds(lambda: target.copy_(source), repeats)
    rates: dict[Precision, float] = {"float32": measured_flops(torch.float32, repeats)}
    if not is_emulated("bf16", CPU):
        rates["bf16"] = measured_flops(torch.bfloat16, repeats)
    return Device(describe_device(CPU), MEASURED, rates, copy, kernel_seconds=None)


def measured_flops(dtype: torch.dtype, repeats: int) -> float:
    """The faster of a product of 1024 x 1024 matrices and a convolution, which have libraries of their own."""
    a, b = torch.rand(1024, 1024).to(dtype), torch.rand(1024, 1024).to(dtype)
    images, weight = (
        torch.rand(*shape).to(dtype, memory_format=torch.channels_last) for shape in ((64, 64, 16, 16), (128, 64, 3, 3))
    )
    product = 2 * 1024**3 / least_seconds(lambda: torch.mm(a, b), repeats)
    convolution = 2 * 64 * 16**2 * weight.numel() / least_seconds(lambda: conv2d(images, weight, padding=1), repeats)
    return max(product, convolution)


def least_seconds(work: Callable[[], object], repeats: int) -> float:
    """The fastest of several, which neighbours on the machine disturbed least."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


# ---------------------------------------------------------------- lines


def floors(cost: Cost, device: Device) -> dict[str, Any]:
    """Least milliseconds on a device, by arithmetic. tf32 moves the bytes of float32."""
    arithmetic = {precision: 1e3 * cost.flops / rate for precision, rate in device.flops.items()}
    traffic = {
        precision: 1e3 * cost.bytes.get(precision, cost.bytes["float32"]) / device.bandwidth
        for precision in device.flops
    }
    kernel = device.kernel_seconds
    return {
        "arithmetic_ms": rounded(arithmetic),
        "traffic_ms": rounded(traffic),
        "floor_ms": rounded({precision: max(arithmetic[precision], traffic[precision]) for precision in arithmetic}),
        "launch_floor_ms": None if kernel is None else round(1e3 * cost.launches * kernel, 4),
        "assumptions": None if kernel is None else f"{1e6 * kernel:g} microseconds a kernel inside a CUDA graph",
    }


def rounded(values: Mapping[Precision, float]) -> dict[Precision, float]:
    return {name: round(value, 4) for name, value in values.items()}


def results(models: list[str], dataset: str, batch: int, devices: list[Device], repeats: int) -> Iterator[Line]:
    for model in models:
        cost = iteration_cost(model, dataset, batch)
        for device in devices:
            alone = layers_ms(model, dataset, batch, repeats) if device.source == MEASURED else None
            found = {
                "seed": SEED,
                "model": model,
                "dataset": dataset,
                "batch": batch,
                **asdict(cost),
                "rates": {"source": device.source, "flops": device.flops, "bytes_per_second": device.bandwidth},
                **floors(cost, device),
                "layers_ms": alone,
            }
            yield line("floor", found, device.name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=MODELS, help="models to count")
    parser.add_argument("--dataset", default="dsprites")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--repeats", type=int, default=100, help="of which the fastest counts")
    parser.add_argument("--out", type=Path, help="file the lines are added to; standard output when left out")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    devices = [*PUBLISHED, measured_cpu(options.repeats)]
    for result in results(list(options.models), options.dataset, options.batch, devices, options.repeats):
        write(result, options.out)


if __name__ == "__main__":
    main()
