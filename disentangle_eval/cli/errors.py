"""How the command line ends: an exit code, and for an error one line on stderr."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Iterator
from typing import Literal, TextIO

import click

from disentangle_eval.errors import DevalError, DevalWarning, is_broken_pipe, one_line
from disentangle_eval.registry.lines import located

FAILURE = 1
USAGE = 2
SIGNALLED = 128  # codes above: the command was ended by a signal and has said so
INTERRUPTED = SIGNALLED + signal.SIGINT

DEBUG = "disentangle_eval.debug"  # key in a context's `meta`: whether --debug was given

_COLOURS = {"error": "red", "warning": "yellow"}


def report(error: BaseException, debug: bool) -> int:
    """Says on stderr what went wrong, on one line, after the traceback if `debug`; returns the exit code.

    A mistake in what was typed exits with 2, a failure with 1, an interrupt with 130. A reader of stdout that went away
    (`| head`) gets no message.
    """
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if is_broken_pipe(error):
        return FAILURE
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return USAGE
    if debug:
        traceback.print_exception(error)
    if isinstance(error, (KeyboardInterrupt, click.Abort)):
        say("error", "interrupted")
        return INTERRUPTED
    if isinstance(error, click.ClickException):
        say("error", _with_help_hint(error))
        return error.exit_code
    if isinstance(error, DevalError):
        say("error", str(error))
        return error.exit_code
    say("error", located(error) + ("" if debug else "; rerun with --debug for the traceback"))
    return FAILURE


def say(kind: Literal["error", "warning"], message: str) -> None:
    """One line on stderr, whatever characters the message has; nothing where stderr cannot be written."""
    with contextlib.suppress(OSError):
        click.echo(f"{click.style(f'{kind}:', fg=_COLOURS[kind], bold=True)} {one_line(message)}", err=True)


class _Notices(logging.Handler):
    """Prints what is logged on whatever stderr is at the time."""

    def emit(self, record: logging.LogRecord) -> None:
        with contextlib.suppress(OSError):
            click.echo(one_line(self.format(record)), err=True)


def show_notices() -> None:
    """What the package logs, such as that it draws a data set once, is shown on stderr."""
    notices = logging.getLogger("disentangle_eval")
    if not notices.handlers:
        notices.addHandler(_Notices())
        notices.setLevel(logging.INFO)


def flush_output() -> None:
    """Writes out what stdout still holds, so that a full disk or a closed pipe is an error like any other.

    After such an error the rest is dropped: Python would try once more at exit, and complain.
    """
    try:
        sys.stdout.flush()
    except OSError:
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise


@contextlib.contextmanager
def shown_warnings() -> Iterator[None]:
    """Within, a `DevalWarning` is one line on stderr; other warnings are shown as Python shows them."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", DevalWarning)
        show = warnings.showwarning

        def show_warning(
            message: Warning | str,
            category: type[Warning],
            filename: str,
            lineno: int,
            file: TextIO | None = None,
            line: str | None = None,
        ) -> None:
            if issubclass(category, DevalWarning):
                say("warning", str(message))
            else:
                show(message, category, filename, lineno, file, line)

        warnings.showwarning = show_warning
        yield


def _with_help_hint(error: click.ClickException) -> str:
    message = error.format_message()
    for jargon, words in (("a valid integer range", "a whole number"), ("a valid float range", "a number")):
        message = message.replace(jargon, words)
    if not isinstance(error, click.UsageError) or error.ctx is None:
        return message
    return f"{message}{'' if message.endswith(('.', '?')) else '.'} Try '{error.ctx.command_path} --help'."
