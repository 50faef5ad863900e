"""Versions of what computes the numbers, as results, checkpoints and benchmarks record them."""

from __future__ import annotations

from importlib.metadata import version

from disentangle_eval.runtime.processor import default_products

_NAMES = ("disentangle-eval", "torch", "numpy", "scikit-learn")


def versions() -> dict[str, str]:
    """Versions of this package, torch, numpy and scikit-learn; imports none of them.

    On a CPU where fully connected layers do not take torch's own products by default, `products` says whose.
    """
    found = {name: version(name) for name in _NAMES}
    products = default_products()
    return found if products == "torch" else {**found, "products": products}
