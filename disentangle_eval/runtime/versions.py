"""Versions of what computes the numbers, as results, checkpoints and benchmarks record them."""

from __future__ import annotations

from importlib.metadata import version

_NAMES = ("disentangle-eval", "torch", "numpy", "scikit-learn")


def versions() -> dict[str, str]:
    """Versions of this package, torch, numpy and scikit-learn; imports none of them."""
    return {name: version(name) for name in _NAMES}
