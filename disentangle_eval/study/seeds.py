"""The seeds of a study or a command, as they are written."""

from __future__ import annotations

from collections.abc import Sequence

from disentangle_eval.errors import UsageError

MOST_SEEDS = 10_000


def seeds_of(written: str | int | Sequence[int]) -> tuple[int, ...]:
    """`0-9`, `3`, `0,2,5-7` or a list of integers -> the seeds, ascending, each once; else `UsageError`."""
    if isinstance(written, int):
        written = (written,)
    if not isinstance(written, str):
        if not all(isinstance(seed, int) and seed >= 0 for seed in written) or not written:
            raise UsageError("seeds", received=list(written), expected="integers from 0, or text such as '0-9'")
        return tuple(sorted(set(written)))
    seeds: set[int] = set()
    for part in written.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()) or int(last or first) < int(first):
            raise UsageError("seeds", received=repr(written), expected="seeds such as 0-9 or 0,2,5-7")
        if int(last or first) - int(first) >= MOST_SEEDS:
            raise UsageError("seeds", received=repr(written), expected=f"at most {MOST_SEEDS} seeds")
        seeds.update(range(int(first), int(last or first) + 1))
    return tuple(sorted(seeds))
