"""How the C library hands memory to tensors on the CPU."""

from __future__ import annotations

import ctypes
import sys

# mallopt's names for its parameters, from glibc's malloc.h.
_TRIM_THRESHOLD = -1
_TOP_PAD = -2
_MMAP_THRESHOLD = -3

_LARGEST_ON_HEAP = 32 * 2**20
_GROWTH = 64 * 2**20
_NEVER = 2**31 - 1


def keep_freed_memory() -> bool:
    """Let freed tensors of up to 32 MiB be reused by the next, not handed back to the system; whether it could be done.

    By default glibc returns large blocks at once, and every activation of every iteration is then paid for in page
    faults: a tenth of an iteration of a small network. Nothing happens where the C library is not glibc.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    settings = ((_MMAP_THRESHOLD, _LARGEST_ON_HEAP), (_TRIM_THRESHOLD, _NEVER), (_TOP_PAD, _GROWTH))
    return all(mallopt(name, value) == 1 for name, value in settings)
