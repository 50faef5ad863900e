"""Work in a process of its own, and what its exit code means."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Callable

from disentangle_eval.errors import DevalError

Outcome = str

FAULT = "fault: "
REFUSED = 3
CRASHED = 4


def in_a_child(work: Callable[[], None], said: str = os.devnull) -> int:
    """The exit code of a forked process that does this work, whose output goes to the file `said`.

    0, `REFUSED` after an error of one line, `CRASHED` after any other, or minus the number of
    the signal that killed it.
    """
    return cpu_of_a_child(work, said)[0]


def cpu_of_a_child(work: Callable[[], None], said: str = os.devnull) -> tuple[int, float]:
    """As `in_a_child`, and the CPU seconds that the process took."""
    child = os.fork()
    if child:
        _, status, used = os.wait4(child, 0)
        return os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime
    code = CRASHED
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.dup2(os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666), 1)
        os.dup2(1, 2)
        work()
        code = 0
    except DevalError as error:
        code = CRASHED if "\n" in str(error) else REFUSED
    finally:
        os._exit(code)


def killed_after(seconds: float) -> None:
    """From now on wait for SIGALRM, which Python does not handle and which ends the process."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)


def killed_after_cpu(seconds: float) -> None:
    """From now on wait for SIGPROF, which comes after so many seconds of this process's own computing."""
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, seconds)
