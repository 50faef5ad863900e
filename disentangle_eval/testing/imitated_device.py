"""A device that is not the CPU, imitated on the CPU, so that what a GPU would refuse is found without one.

`imitated_device()` makes torch's `meta` device compute: within it, tensors on `device` have numbers, kept in main
memory, and modules, autograd and factories work on them. What the CPU forgives raises `DeviceError`: tensors on the
CPU that meet tensors on the device and, within `no_host_reads()`, whatever makes a GPU wait for the host.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib import import_module
from typing import Any, Self
from unittest.mock import patch

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

# torch.optim deletes the name of this module.
_optimizer = import_module("torch.optim.optimizer")

DEVICE = torch.device("meta")
CPU = torch.device("cpu")

# Operators that read numbers or a size that depends on them.
READS = frozenset(
    f"aten::{name}"
    for name in (
        "_local_scalar_dense",
        "equal",
        "nonzero",
        "masked_select",
        "_unique2",
        "unique_dim",
        "unique_consecutive",
        "bincount",
        "histc",
    )
)
# Operators that take numbers from one device to another, or the positions of elements from any.
MAY_MIX = frozenset(f"aten::{name}" for name in ("copy_", "_to_copy", "index", "index_put", "index_put_"))
# Operators that refuse even a single number on another device.
NEVER_MIX = frozenset(f"aten::{name}" for name in ("cat", "stack", "index_select", "gather", "mm", "addmm", "bmm"))


class DeviceError(RuntimeError):
    """What a GPU would refuse, or wait for."""


class DeviceTensor(Tensor):
    """A tensor on the imitated device; `raw` is the tensor in main memory that holds its numbers."""

    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]
    raw: Tensor

    @staticmethod
    def __new__(cls, raw: Tensor) -> DeviceTensor:
        made: DeviceTensor = Tensor._make_wrapper_subclass(
            cls,
            raw.size(),
            strides=raw.stride(),
            storage_offset=raw.storage_offset(),
            dtype=raw.dtype,
            device=DEVICE,
        )
        made.raw = raw
        return made

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        return _run(func, args, kwargs or {}, reads_allowed=True)

    def tolist(self) -> Any:
        return self.cpu().tolist()


@contextmanager
def imitated_device() -> Iterator[ImitatedDevice]:
    """The imitated device, for as long as the context lasts; a tensor made within is of no use afterwards.

    Random numbers drawn on it are those of the CPU with the same seed. Not imitated: bf16 (autocast does nothing),
    streams, graphs, and operators whose `out=` changes its size.
    """
    imitated = ImitatedDevice()
    with (
        imitated,
        _Factories(),
        patch.object(torch, "Generator", _Generator),
        patch.object(torch, "autocast", _autocast(torch.autocast)),
        patch.object(_optimizer, "_get_fused_kernels_supported_devices", lambda: ["cpu", DEVICE.type]),
    ):
        yield imitated


class ImitatedDevice(TorchDispatchMode):
    """What `imitated_device` yields: `device` is the device itself, as `x.device` of a tensor on it."""

    device = DEVICE

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """False: torch would import its compiler, which takes seconds."""
        return False

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._reads_allowed = True

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        return _run(func, args, kwargs or {}, self._reads_allowed)

    @contextmanager
    def no_host_reads(self) -> Iterator[None]:
        """Within, reading numbers from the device raises `DeviceError`: `item`, `if x`, `tolist`, `cpu`, `x[mask]`."""
        self._reads_allowed = False
        try:
            yield
        finally:
            self._reads_allowed = True

    @staticmethod
    def host_copy(tensor: Tensor) -> Tensor:
        """A tensor's numbers on the CPU, also where reading them is refused."""
        return tensor.raw.detach().clone() if isinstance(tensor, DeviceTensor) else tensor.detach().clone()


def _run(operator: Any, args: tuple[Any, ...], kwargs: dict[str, Any], reads_allowed: bool) -> Any:
    tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
    on_device = [tensor for tensor in tensors if isinstance(tensor, DeviceTensor)]
    target = kwargs.get("device")
    makes = target is not None and torch.device(target).type == DEVICE.type
    if not on_device and not makes:
        return operator(*args, **kwargs)
    name = operator._schema.name
    _refuse_mixture(name, operator, args, tensors)
    if not reads_allowed and _reads(name, args, target):
        raise DeviceError(f"{name} reads numbers of the device back to the host")
    if makes:
        kwargs = {**kwargs, "device": CPU}
    result = operator(*tree_map(_raw, args), **tree_map(_raw, kwargs))
    if target is not None and not makes:
        return result
    written = _written(operator, args, kwargs)
    return written if written is not None else tree_map(_on_device, result)


def _refuse_mixture(name: str, operator: Any, args: tuple[Any, ...], tensors: list[Tensor]) -> None:
    """`DeviceError` where tensors of the CPU meet those of the device in a way a GPU refuses."""
    on_cpu = [tensor for tensor in tensors if not isinstance(tensor, DeviceTensor)]
    if not on_cpu or len(on_cpu) == len(tensors) or name in MAY_MIX:
        return
    written = operator._schema.is_mutable and args and args[0] is on_cpu[0]
    refused = on_cpu if name in NEVER_MIX or written else [tensor for tensor in on_cpu if tensor.dim()]
    if refused:
        raise DeviceError(f"{name}: a tensor of shape {tuple(refused[0].shape)} on the CPU meets tensors on the device")


def _reads(name: str, args: tuple[Any, ...], target: Any) -> bool:
    """Whether an operator makes the host wait for numbers of the device."""
    if name == "aten::_to_copy":
        return isinstance(args[0], DeviceTensor) and target is not None and torch.device(target).type != DEVICE.type
    if name == "aten::copy_":
        return not isinstance(args[0], DeviceTensor)
    if name.startswith("aten::index"):
        masks = [leaf for leaf in tree_leaves(args[1:2]) if isinstance(leaf, DeviceTensor)]
        return any(mask.dtype in (torch.bool, torch.uint8) for mask in masks)
    return name in READS


def _written(operator: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The argument that an operator changes and returns, None for one that makes its result."""
    schema = operator._schema
    if not schema.is_mutable or len(schema.returns) != 1:
        return None
    for position, argument in enumerate(schema.arguments):
        if argument.is_write:
            found = args[position] if position < len(args) else kwargs.get(argument.name)
            if isinstance(found, Tensor):
                if isinstance(found, DeviceTensor) and found.raw.shape != found.shape:
                    raise NotImplementedError(f"{schema.name}: a result that changes its size is not imitated")
                return found
    return None


def _raw(value: Any) -> Any:
    return value.raw if isinstance(value, DeviceTensor) else value


def _on_device(value: Any) -> Any:
    return DeviceTensor(value) if isinstance(value, Tensor) else value


class _Factories(TorchFunctionMode):
    """Lets `torch.tensor`, `torch.as_tensor` and `Tensor.new_tensor` keep their numbers, which `meta` would drop."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        given = dict(kwargs or {})
        if func is Tensor.new_tensor:
            made, data = args[:2]
            options = {"dtype": given.get("dtype") or made.dtype}
            return torch.tensor(data, **options).to(given.get("device") or made.device)
        if func in (torch.tensor, torch.as_tensor) and torch.device(given.get("device") or "cpu").type == DEVICE.type:
            del given["device"]
            return func(*args, **given).to(DEVICE)
        return func(*args, **given)


class _Generator(torch.Generator):
    """A generator of the device, which is one of the CPU."""

    def __new__(cls, device: Any = "cpu") -> Self:
        return super().__new__(cls, CPU if torch.device(device).type == DEVICE.type else device)  # type: ignore[call-arg]


def _autocast(original: type[torch.autocast]) -> Callable[..., AbstractContextManager[Any]]:
    """torch.autocast, which knows no `meta`."""

    def make(device_type: str, *args: Any, **kwargs: Any) -> AbstractContextManager[Any]:
        return nullcontext() if device_type == DEVICE.type else original(device_type, *args, **kwargs)

    return make
