"""Several seeds of one training: their list, their folders, and on the CPU the processes that train them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

import click

from disentangle_eval.cli.errors import SIGNALLED, say
from disentangle_eval.errors import UsageError
from disentangle_eval.runtime.signals import Children, on_signal
from disentangle_eval.runtime.threads import available_cores, free_threads
from disentangle_eval.study.seeds import seeds_of

PLACE = "{seed}"


class SeedList(click.ParamType):
    """`0-9`, `3` or `0,2,5-7` -> the seeds, in ascending order, each once."""

    name = "seeds"

    def convert(self, value: str, parameter: click.Parameter | None, context: click.Context | None) -> tuple[int, ...]:
        try:
            return seeds_of(value)
        except UsageError as error:
            self.fail(f"received {error.received}, expected {error.expected}", parameter, context)


def seed_folder(out: str, seed: int) -> Path:
    """The run folder of one of several seeds; `UsageError` where `out` does not contain `{seed}`."""
    if PLACE not in out:
        expected = f"with --seeds a name with {PLACE} in it, such as '{out}-seed{PLACE}'"
        raise UsageError("--out", received=repr(out), expected=expected)
    return Path(out.replace(PLACE, str(seed)))


def threads_per_process(given: int | Literal["auto"] | None, seeds: int) -> int:
    """CPU threads per process: those given, or an equal share of the cores, with `auto` of those that are free now."""
    if isinstance(given, int):
        return given
    return max(1, (free_threads() if given == "auto" else available_cores()) // seeds)


def arguments_of_one(arguments: Sequence[str], replaced: dict[str, str]) -> list[str]:
    """A command line with `--seeds` gone and other options' values replaced, whether typed `--x 1` or `--x=1`."""
    kept: list[str] = []
    typed = iter(arguments)
    for argument in typed:
        name, equals, _ = argument.partition("=")
        if name == "--seeds" or name in replaced:
            if not equals:
                next(typed, None)
        else:
            kept.append(argument)
    return [*kept, *(part for option in replaced.items() for part in option)]


@dataclass
class Processes:
    """Trainings in processes of their own, so many at a time, whose lines are shown as they come."""

    at_a_time: int
    children: Children[subprocess.Popen[str]] = field(default_factory=Children)

    def run(self, commands: Mapping[int, Sequence[str]]) -> int:
        """Train each seed by its command; 0 where all ended well, 128 + n after signal n, else the largest exit code.

        A signal goes on to all that run, so that each saves itself; those that wait do not start. A seed that was
        killed, as the system does where memory runs out, is reported, and its exit code is 128 + n.
        """
        with on_signal(self.children.pass_on), ThreadPoolExecutor(self.at_a_time) as pool:
            codes = list(pool.map(self._run_one, commands.values()))
        if self.children.received is not None:
            return SIGNALLED + self.children.received
        for seed, code in zip(commands, codes, strict=True):
            if code < 0:
                cause = f"seed {seed}: killed by {signal.Signals(-code).name}"
                memory = ", as the system does where memory runs out" if -code == signal.SIGKILL else ""
                say("error", f"{cause}{memory}; the same command with --resume continues from its last checkpoint")
        return max(code if code >= 0 else SIGNALLED - code for code in codes)

    def _run_one(self, command: Sequence[str]) -> int:
        process = self.children.start(partial(start_seed, command))
        if process is None:
            return 0
        with process:
            assert process.stderr is not None
            for line in process.stderr:
                click.echo(line, nl=False, err=True)
            return self.children.wait(process)


def start_seed(command: Sequence[str]) -> subprocess.Popen[str]:
    """The process of one seed, by the arguments of its own command."""
    return subprocess.Popen(
        [sys.executable, "-m", "disentangle_eval.cli.seed_process", str(os.getpid()), *command],
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )
