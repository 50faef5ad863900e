"""What this machine's CPU is, as far as numbers depend on it. Nothing here needs torch."""

from __future__ import annotations

import functools
import platform
from pathlib import Path
from typing import Literal, NamedTuple

_CPUINFO = Path("/proc/cpuinfo")

Products = Literal["torch", "onednn"]


class Processor(NamedTuple):
    """A CPU's own name, its maker as the CPU says it, and the instructions it has; the latter two on Linux alone.

    To the name are added family and model, since virtual machines call CPUs of several generations by one name.
    """

    name: str
    vendor: str = ""
    flags: frozenset[str] = frozenset()


@functools.cache
def processor() -> Processor:
    """The first CPU of this machine."""
    fallback = Processor(platform.processor() or platform.machine())
    return parsed(_CPUINFO.read_text(encoding="utf-8", errors="replace"), fallback) if _CPUINFO.exists() else fallback


def parsed(cpuinfo: str, fallback: Processor) -> Processor:
    """What /proc/cpuinfo says of the first CPU; the name of `fallback` where it has none."""
    pairs = (line.partition(":") for line in reversed(cpuinfo.splitlines()))
    said = {key.strip(): value.strip() for key, _, value in pairs}
    name = said.get("model name", fallback.name)
    if "cpu family" in said and "model" in said:
        name = f"{name} (family {said['cpu family']}, model {said['model']})"
    return Processor(name, said.get("vendor_id", ""), frozenset(said.get("flags", "").split()))


def default_products(cpu: Processor | None = None) -> Products:
    """Whose products fully connected layers take on a CPU, by default on this machine's: `torch` or `onednn`.

    It follows from the CPU, never from a timing, since bits depend on it. PyTorch's come from MKL, which uses AVX-512
    on CPUs of Intel's alone; oneDNN uses it on those of AMD's, too.
    """
    vendor, flags = (cpu or processor())[1:]
    return "onednn" if vendor == "AuthenticAMD" and "avx512f" in flags else "torch"
