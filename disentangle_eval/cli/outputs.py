"""What the name of a file to write has to be."""

from __future__ import annotations

from pathlib import Path

from disentangle_eval.errors import UsageError


def refuse_other_suffix(option: str, out: Path, *suffixes: str) -> None:
    """`UsageError` where the name of a file to write ends in none of some suffixes, in lower or upper case."""
    if out.suffix.lower() not in suffixes:
        *others, last = suffixes
        known = f"{', '.join(others)} or {last}" if others else last
        raise UsageError(option, received=repr(str(out)), expected=f"a name that ends in {known}")
