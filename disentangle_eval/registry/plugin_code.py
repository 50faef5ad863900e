"""Running code of plugins so that its prints, exits and changes of process-wide settings affect no other code."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from disentangle_eval.errors import PluginError, is_broken_pipe, warn
from disentangle_eval.registry.lines import located

# Owners and what they changed, of which a warning was given.
_SAID: set[tuple[str, str]] = set()


@contextlib.contextmanager
def plugin_code(owner: str) -> Iterator[None]:
    """Run code of a plugin, whose `owner` is named in messages.

    What it prints goes to stderr, what it changes of `settings_of_process` is put back with a `DevalWarning`, and its
    `sys.exit` is a `PluginError` with the line. Outside the main thread this holds for the exit alone, since prints and
    changes of the main thread could not be distinguished from the plugin's.
    """
    in_main_thread = threading.current_thread() is threading.main_thread()
    try:
        with _process_kept(owner) if in_main_thread else contextlib.nullcontext():
            yield
    except SystemExit as error:
        if is_broken_pipe(error):
            raise
        raise PluginError(f"{owner}: {located(error)}", advice="remove the exit") from error


@contextlib.contextmanager
def _process_kept(owner: str) -> Iterator[None]:
    before = settings_of_process()
    try:
        with (
            contextlib.redirect_stdout(sys.stderr),
            contextlib.redirect_stderr(sys.stderr),
            warnings.catch_warnings(),
        ):
            yield
    finally:
        put_back(before, owner)


def settings_of_process() -> dict[str, Any]:
    """The settings that a process has once, by their names in messages; of torch and NumPy where they are loaded."""
    settings: dict[str, Any] = {"the recursion limit": sys.getrecursionlimit()}
    with contextlib.suppress(OSError):
        settings["the working folder"] = os.getcwd()  # noqa: PTH109
    if numpy := sys.modules.get("numpy"):
        settings["NumPy's handling of errors"] = numpy.geterr()
    if hasattr(sys.modules.get("torch"), "set_num_threads"):
        settings |= settings_of_torch()
    return settings


def settings_of_torch() -> dict[str, Any]:
    """Those of torch alone, which must be loaded, in a few microseconds."""
    torch: Any = sys.modules["torch"]
    made = torch.empty(0)
    return {
        "torch's default type": str(made.dtype),
        "torch's default device": str(made.device),
        "torch's gradient mode": torch.is_grad_enabled(),
        "torch's number of threads": torch.get_num_threads(),
        "torch's choice of algorithms": (
            torch.are_deterministic_algorithms_enabled(),
            torch.is_deterministic_algorithms_warn_only_enabled(),
        ),
    }


def put_back(before: Mapping[str, Any], owner: str) -> None:
    """Give the process the settings it had; `DevalWarning` for those that `owner` changed, once for each."""
    now = settings_of_process()
    wanted = {name: before.get(name, _FRESH.get(name, value)) for name, value in now.items()}
    changed = [name for name, value in wanted.items() if value != now[name]]
    for name in changed:
        with contextlib.suppress(OSError):
            _put(name, wanted[name])
    names = ", ".join(changed)
    if names and (owner, names) not in _SAID:
        _SAID.add((owner, names))
        warn(f"{owner} changed {names}; put back, since other code relies on it")


# Of modules that the plugin was the first to import. How many threads torch then has depends on the machine, so that
# number stays as the plugin left it.
_FRESH: dict[str, Any] = {
    "NumPy's handling of errors": {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"},
    "torch's default type": "torch.float32",
    "torch's default device": "cpu",
    "torch's gradient mode": True,
    "torch's choice of algorithms": (False, False),
}


def _put(name: str, value: Any) -> None:
    numpy: Any = sys.modules.get("numpy")
    torch: Any = sys.modules.get("torch")
    match name:
        case "the recursion limit":
            sys.setrecursionlimit(value)
        case "the working folder":
            os.chdir(value)
        case "NumPy's handling of errors":
            numpy.seterr(**value)
        case "torch's default type":
            torch.set_default_dtype(getattr(torch, value.removeprefix("torch.")))
        case "torch's default device":
            torch.set_default_device(None if value == "cpu" else value)
        case "torch's gradient mode":
            torch.set_grad_enabled(value)
        case "torch's number of threads":
            torch.set_num_threads(value)
        case "torch's choice of algorithms":
            enabled, warn_only = value
            torch.use_deterministic_algorithms(enabled, warn_only=warn_only)
