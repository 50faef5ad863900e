"""Checksums of trees of plain containers and tensors, and of the weights of modules."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

# Smaller tensors are hashed byte by byte, larger ones by their sums.
BYTE_BY_BYTE = 2**16
ROW = 512  # words of 8 bytes: a page of memory
BLOCK = 256  # rows


def checksum(tree: Any) -> str:
    """32 hexadecimal digits that change with any value, type, key, order or shape in a tree.

    The tree consists of dicts, lists, tuples, plain values and tensors on the CPU. A large tensor enters as the sums of
    its 8-byte words modulo 2^64, along rows of 4 KiB and along columns of blocks of 1 MiB. Every change of up to three
    words alters one of these sums, and so does moving a row, a column or any part of them; other damage goes unnoticed
    with a probability of about 2^-64. It protects from damage, not from somebody who computes another checksum.
    """
    digest = hashlib.blake2b(digest_size=16)
    _update(digest, tree)
    return digest.hexdigest()


def _update(digest: Any, value: Any) -> None:
    if isinstance(value, dict):
        digest.update(f"dict {len(value)};".encode())
        for key, item in value.items():
            _update(digest, key)
            _update(digest, item)
    elif isinstance(value, list | tuple):
        digest.update(f"{'list' if isinstance(value, list) else 'tuple'} {len(value)};".encode())
        for item in value:
            _update(digest, item)
    elif value is None or isinstance(value, str | int | float):
        text = repr(value)
        digest.update(f"{type(value).__name__} {len(text)} {text};".encode("utf-8", "surrogatepass"))
    elif value.nbytes > value.untyped_storage().nbytes():
        # Elements that share memory: as many as a file likes to claim.
        digest.update(f"expanded tensor {tuple(value.shape)};".encode())
    else:
        digest.update(f"tensor {value.dtype} {tuple(value.shape)} {value.stride()};".encode())
        _update_with_memory(digest, _in_memory_order(value))


def _in_memory_order(tensor: Tensor) -> Tensor:
    """The bytes of a tensor, (n,) uint8, in the order of its memory where that is dense."""
    import torch

    tensor = tensor.detach()
    dense = tensor.is_contiguous() or (tensor.dim() == 4 and tensor.is_contiguous(memory_format=torch.channels_last))
    flat = tensor.as_strided((tensor.numel(),), (1,)) if dense else tensor.contiguous().view(-1)
    return flat.view(torch.uint8)


def _update_with_memory(digest: Any, memory: Tensor) -> None:
    import torch

    if len(memory) >= BYTE_BY_BYTE:
        if memory.storage_offset() % 8:
            memory = memory.clone()
        whole = len(memory) // (8 * ROW) * 8 * ROW
        rows = memory[:whole].view(torch.int64).view(-1, ROW)
        in_blocks = len(rows) // BLOCK * BLOCK
        for sums in (
            rows.sum(1),
            rows[:in_blocks].view(-1, BLOCK, ROW).sum(1),
            rows[in_blocks:].sum(0),
        ):
            digest.update(sums.contiguous().numpy())
        memory = memory[whole:]
    digest.update(memory.contiguous().numpy())


def weights_digest(model: Any) -> bytes:
    """64 bytes that change with any parameter or buffer of a module, on whatever device, byte by byte."""
    import torch

    digest = hashlib.blake2b()
    tensors = {name: value for name, value in model.state_dict().items() if isinstance(value, torch.Tensor)}
    for name, value in tensors.items():
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        digest.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.digest()
