"""Arrays as people keep them (numpy, torch, nested lists), as plain numpy arrays."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from disentangle_eval.errors import UsageError

# Types of torch that numpy has not; float32 holds all their numbers.
_NARROW = ("bfloat16", "float8")


def as_array(value: Any, name: str) -> np.ndarray:
    """The same numbers as a numpy array, copied from any device, layout or gradient graph.

    Types that numpy does not have (bfloat16, float8) become float32. UsageError, with the array's `name`, for a masked
    array, whose masked entries have no value, and for what is no array at all.
    """
    if isinstance(value, np.ma.MaskedArray):
        raise UsageError(
            name,
            received="a masked array",
            expected="numbers in every entry",
            advice="fill the masked entries or leave out their rows",
        )
    if _is_tensor(value):
        return _from_tensor(value, name)
    if isinstance(value, (list, tuple)) and any(_holds_tensors(item) for item in value):
        value = [as_array(item, name) for item in value]
    try:
        return np.asarray(value)
    except (ValueError, TypeError) as error:
        reason = str(error).partition("\n")[0]
        raise UsageError(name, received=f"{type(value).__name__} ({reason})", expected="an array of numbers") from None


def _from_tensor(tensor: Any, name: str) -> np.ndarray:
    if tensor.device.type == "meta":
        raise UsageError(name, received="a tensor on the meta device, which has no values", expected="numbers")
    tensor = tensor.detach()
    if tensor.is_quantized:
        tensor = tensor.dequantize()
    if tensor.layout != sys.modules["torch"].strided:
        tensor = tensor.to_dense()
    if str(tensor.dtype).removeprefix("torch.").startswith(_NARROW):
        tensor = tensor.float()
    try:
        array: np.ndarray = tensor.cpu().resolve_conj().resolve_neg().numpy()
    except (RuntimeError, TypeError) as error:
        reason = str(error).partition("\n")[0]
        raise UsageError(name, received=f"a tensor of {tensor.dtype} ({reason})", expected="real numbers") from None
    return array


def _holds_tensors(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(_holds_tensors(item) for item in value)
    return _is_tensor(value) or isinstance(value, np.ma.MaskedArray)


def _is_tensor(value: Any) -> bool:
    # A tensor cannot be here before torch was imported.
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)
