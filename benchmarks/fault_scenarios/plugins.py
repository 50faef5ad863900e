"""Hostile plugins."""

from collections import Counter
from pathlib import Path


def hostile(folder: Path, count: int) -> Counter[str]:
    """Nothing yet."""
    return Counter()
