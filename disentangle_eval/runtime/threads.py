"""CPU cores: how many this process may use, and how many other work is using."""

from __future__ import annotations

import functools
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
WATCHED_SECONDS = 0.5


def available_cores() -> int:
    """Number of CPU cores this process may use by its affinity and its cgroup's quota, at least 1."""
    quota = cgroup_quota()
    return min(len(own_cores()), max(1, int(quota))) if quota is not None else len(own_cores())


@functools.cache
def default_threads() -> int:
    """Threads of a run that names none: torch's own number, at most the cores available.

    Torch's number is that of the cores of its affinity without hyperthreads, or `OMP_NUM_THREADS`. How busy the machine
    is makes no difference: results depend on the number of threads.
    """
    import torch

    return min(torch.get_num_threads(), available_cores())


def pool_threads() -> int:
    """Threads of pools that are not torch's: as many as torch has, or would have if it were imported."""
    if torch := sys.modules.get("torch"):
        return int(torch.get_num_threads())
    given = os.environ.get("OMP_NUM_THREADS", "")
    return min(int(given), available_cores()) if given.isdecimal() and int(given) else available_cores()


def limit_threads() -> None:
    """Let torch use at most as many threads as there are cores available."""
    import torch

    torch.set_num_threads(min(torch.get_num_threads(), available_cores()))


@contextmanager
def threads_kept() -> Iterator[None]:
    """Within, torch may get another number of threads, such as by `limit_threads`; afterwards it has its own again."""
    import torch

    threads = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def free_threads() -> int:
    """Threads for which other work leaves cores just now, at least 1 and at most the default."""
    load = Load()
    time.sleep(WATCHED_SECONDS)
    return max(1, min(default_threads(), round(available_cores() - load.of_others())))


class Load:
    """Cores that other processes have kept busy since this object was made."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._busy = busy_seconds()
        self._own = own_seconds()

    def of_others(self) -> float:
        """Busy cores among those of this process, its own work left out; 0 where the system does not say."""
        wall = time.monotonic() - self._started
        if self._busy is None or wall <= 0:
            return 0.0
        others = (busy_seconds() or 0.0) - self._busy - (own_seconds() - self._own)
        return min(max(0.0, others / wall), float(len(own_cores())))


def own_cores() -> set[int]:
    """The numbers of the cores this process may run on."""
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))


def own_seconds() -> float:
    """CPU seconds of this process and of its children that have ended."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def busy_seconds(statistics: Path = Path("/proc/stat")) -> float | None:
    """CPU seconds that this process' cores have been busy since the machine started; None where it does not say."""
    if not statistics.is_file():
        return None
    ticks = os.sysconf("SC_CLK_TCK")
    cores = {f"cpu{number}" for number in own_cores()}
    total = 0.0
    for line in statistics.read_text(encoding="utf-8", errors="replace").splitlines():
        name, *times = line.split()
        if name in cores:
            user, nice, system, _, _, irq, softirq = (int(value) for value in times[:7])
            total += (user + nice + system + irq + softirq) / ticks
    return total


def cgroup_quota(root: Path = CGROUPS, membership: Path = Path("/proc/self/cgroup")) -> float | None:
    """The least CPU quota of this process' cgroup and those above it, in cores; None where there is none."""
    try:
        lines = membership.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    quotas: list[float] = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "" or "cpu" in controllers.split(","):
            hierarchy = root if controllers == "" else root / "cpu"
            group = hierarchy / path.lstrip("/")
            for folder in (group, *group.parents):
                quotas += _quota_of(folder)
                if folder == hierarchy:
                    break
    return min(quotas, default=None)


def _quota_of(folder: Path) -> list[float]:
    """The quota of one cgroup, version 2 or 1, as a list of none or one."""
    try:
        quota, period = (folder / "cpu.max").read_text(encoding="utf-8").split()
    except (OSError, ValueError):
        try:
            quota, period = (
                (folder / name).read_text(encoding="utf-8").strip()
                for name in ("cpu.cfs_quota_us", "cpu.cfs_period_us")
            )
        except OSError:
            return []
    if not quota.isdecimal() or not period.isdecimal() or not int(period):
        return []  # `max` or -1: no quota
    return [int(quota) / int(period)]
