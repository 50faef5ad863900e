"""Versions of what computes the numbers, as results, checkpoints and benchmarks record them."""

from __future__ import annotations

import functools
from importlib.metadata import version

from disentangle_eval.runtime.processor import default_products

# Pillow resizes pictures, and torch-fidelity has the features of fid and kid.
_NAMES = ("disentangle-eval", "torch", "numpy", "scipy", "scikit-learn", "pillow", "torch-fidelity")


def versions() -> dict[str, str]:
    """Versions of this package and of those whose code computes its numbers; imports none of them.

    On a CPU where fully connected layers do not take torch's own products by default, `products` says whose.
    """
    found, products = _installed(), default_products()
    return {**found} if products == "torch" else {**found, "products": products}


@functools.cache
def _installed() -> dict[str, str]:
    """Read once: every checkpoint records them, and their metadata take longer to parse than a small model to save."""
    return {name: version(name) for name in _NAMES}
