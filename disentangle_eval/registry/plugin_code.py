"""What a plugin's code may do to the process: print, exit, or change what other code relies on."""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from disentangle_eval.errors import DevalWarning, PluginError, is_broken_pipe
from disentangle_eval.registry.lines import located

Put = Callable[[Any], object]

# Owners and what they changed, of which a warning was given.
_SAID: set[tuple[str, str]] = set()


@contextlib.contextmanager
def plugin_code(owner: str) -> Iterator[None]:
    """Run code of a plugin, whose `owner` is named in messages.

    What it prints goes to stderr, what it changes of `settings_of_process` is put back with a `DevalWarning`, and its
    `sys.exit` is a `PluginError` with the line.
    """
    before = settings_of_process()
    try:
        with (
            contextlib.redirect_stdout(sys.stderr),
            contextlib.redirect_stderr(sys.stderr),
            warnings.catch_warnings(),
        ):
            yield
    except SystemExit as error:
        if is_broken_pipe(error):
            raise
        raise PluginError(f"{owner}: {located(error)}", advice="remove the exit") from error
    finally:
        put_back(before, owner)


def settings_of_process() -> dict[str, Any]:
    """What a process has one of, by its name in messages; of torch and NumPy where they are loaded."""
    return {name: value for name, (value, _) in _read().items()}


def put_back(before: Mapping[str, Any], owner: str) -> None:
    """Give the process the settings it had; `DevalWarning` for those that `owner` changed, once for each."""
    changed = []
    for name, (now, put) in _read().items():
        value = before.get(name, _FRESH.get(name, now))
        if value != now:
            changed.append(name)
            with contextlib.suppress(OSError):
                put(value)
    names = ", ".join(changed)
    if names and (owner, names) not in _SAID:
        _SAID.add((owner, names))
        warnings.warn(f"{owner} changed {names}; put back, since other code relies on it", DevalWarning, stacklevel=3)


# Those of a torch that the plugin was the first to import.
_FRESH = {"torch's default type": "torch.float32", "torch's gradient mode": True, "torch's default device": "cpu"}


def _read() -> dict[str, tuple[Any, Put]]:
    """Each setting's value and what puts a value back."""
    found: dict[str, tuple[Any, Put]] = {"the recursion limit": (sys.getrecursionlimit(), sys.setrecursionlimit)}
    with contextlib.suppress(OSError):
        found["the working folder"] = (os.getcwd(), os.chdir)  # noqa: PTH109
    if numpy := sys.modules.get("numpy"):
        found["NumPy's handling of errors"] = (numpy.geterr(), lambda errors: numpy.seterr(**errors))
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "set_num_threads"):
        found |= {
            "torch's default type": (
                str(torch.get_default_dtype()),
                lambda name: torch.set_default_dtype(getattr(torch, name.removeprefix("torch."))),
            ),
            "torch's default device": (
                str(torch.get_default_device()),
                lambda name: torch.set_default_device(None if name == "cpu" else name),
            ),
            "torch's gradient mode": (torch.is_grad_enabled(), torch.set_grad_enabled),
            "torch's number of threads": (torch.get_num_threads(), torch.set_num_threads),
            "torch's choice of algorithms": (
                torch.are_deterministic_algorithms_enabled(),
                torch.use_deterministic_algorithms,
            ),
        }
    return found
