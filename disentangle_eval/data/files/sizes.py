"""What a file may claim to hold: its sizes against its bytes, before memory is taken for them."""

from __future__ import annotations

import os

# Deflate, the method of npz and of HDF5's gzip, packs at most 1032 equal bytes into one.
LARGEST_RATIO = 1100
SLACK = 64 * 2**20


def refuse_size(what: str, declared: int, stored: int) -> None:
    """ValueError where so many stored bytes cannot hold the bytes declared, or the machine's memory cannot."""
    if declared > LARGEST_RATIO * stored + SLACK:
        raise ValueError(f"{what} claims {declared} bytes, which the file's {stored} cannot hold")
    memory = physical_memory()
    if declared > memory:
        raise ValueError(f"{what} claims {declared} bytes, more than the {memory} of this machine's memory")


def physical_memory() -> int:
    """Bytes of main memory; where the system does not say, more than any machine has."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 2**60
