"""How far two trainings are from each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from disentangle_eval.checkpoint import Checkpoint

# Values smaller than this are compared in absolute terms, as shares of it.
SMALL = 1e-2


def relative(value: float, reference: float) -> float:
    return abs(value - reference) / max(abs(reference), SMALL)


def distance(tensors: Mapping[str, Tensor], reference: Mapping[str, Tensor]) -> dict[str, Any]:
    """|a - b| / |b| over all floating-point tensors together, and of the one that is farthest off."""
    names = [name for name, value in reference.items() if value.is_floating_point()]
    pairs = {name: (tensors[name].double().cpu(), reference[name].double().cpu()) for name in names}
    off = {name: float((a - b).norm()) for name, (a, b) in pairs.items()}
    long = {name: float(b.norm()) for name, (_, b) in pairs.items()}
    each = {name: off[name] / max(long[name], 1e-30) if off[name] else 0.0 for name in names}
    worst = max(each, key=lambda name: each[name] if each[name] == each[name] else float("inf"))
    whole = sum(value**2 for value in off.values()) ** 0.5 / max(sum(v**2 for v in long.values()) ** 0.5, 1e-30)
    return {"all": whole, "worst": each[worst], "worst_name": worst}


def differing(one: Checkpoint, other: Checkpoint) -> list[str]:
    """Where two checkpoints do not hold the same bits: weights, optimisers, random state, counters."""
    ours, theirs = (dict(_leaves({"weights": c.weights, "train": c.train}, "")) for c in (one, other))
    names = [*ours, *(name for name in theirs if name not in ours)]
    return [name for name in names if name not in ours or name not in theirs or not _same(ours[name], theirs[name])]


def _leaves(tree: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from _leaves(value, f"{path}.{key}" if path else str(key))
    elif isinstance(tree, list | tuple):
        for position, value in enumerate(tree):
            yield from _leaves(value, f"{path}.{position}")
    else:
        yield path, tree


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        return a.dtype == b.dtype and torch.equal(a, b)
    return bool(type(a) is type(b) and a == b)
