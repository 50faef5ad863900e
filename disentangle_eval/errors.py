"""Errors a user can cause, each one line that says what was received, what was expected and what to type next."""

from __future__ import annotations


class DevalError(Exception):
    """A failure of the work itself: a damaged file, a full disk, a loss that became NaN.

    The command line prints the message on one line and exits with code 1.
    """

    exit_code = 1


class UsageError(DevalError):
    """A mistake in what was typed: an unknown name, a value out of range, options that exclude each other.

    The command line prints the message on one line and exits with code 2.
    """

    exit_code = 2


class PluginWarning(UserWarning):
    """Some plugins, or some of what they offer, could not be loaded; the command line prints it on one line."""


def one_line(text: str) -> str:
    """Text folded to one printable line: blanks joined, control characters (terminal codes among them) escaped."""
    folded = " ".join(text.split())
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in folded)


def describe(error: BaseException) -> str:
    """An exception on one line: its type, then its message. Never raises, whatever the exception does when printed."""
    name = type(error).__name__
    try:
        message = one_line(str(error))
    except Exception:
        return f"{name} (its message cannot be printed)"
    return f"{name}: {message}" if message else name
