"""Trials on a Ray cluster, or on Ray's own cluster of this machine; the engine of a study where Ray is installed."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from disentangle_eval.errors import UsageError
from disentangle_eval.study.processes import RETRIES, STOPPED, Job, run_job

LOCAL = "local"
TOKEN_FILE = "ray-token"

# Removes a folder once the process that holds the other end of its input has ended, however it did. Processes that end
# with it may still write into the folder for a while.
REMOVER = """
import os, shutil, sys, time
sys.stdin.read()
for _ in range(600):
    shutil.rmtree(sys.argv[1], ignore_errors=True)
    if not os.path.exists(sys.argv[1]):
        break
    time.sleep(0.1)
"""

# What a job's exit code is where Ray lost its worker or node more often than it retries.
LOST = -9


def is_installed() -> bool:
    """Whether the package `ray` is there; it comes with the extra `ray`."""
    return importlib.util.find_spec("ray") is not None


@dataclass
class RayCluster:
    """Runs jobs as Ray tasks: it places them, and starts those again whose worker or node is lost.

    `address` is "local" for a cluster of this machine that ends with the study, "auto" or HOST:PORT for one that is
    there; its nodes need the study's folder and the data sets at the same paths. `token_folder` keeps the token with
    which processes of the study's own cluster recognise each other.
    """

    token_folder: Path
    address: str = LOCAL
    cpus_per_trial: int = 1
    gpus_per_trial: float = 0.0
    at_a_time: int | None = None
    running: dict[Any, Job] = field(default_factory=dict)
    stopping: bool = False

    def run(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, int]]:
        """Each job as it ends, with its exit code; `UsageError` where there is no cluster at the address."""
        if not jobs:
            return
        if self.address == LOCAL:
            # Ray reads these when it is imported, and writes a token into the home folder where they are missing.
            os.environ["RAY_AUTH_MODE"] = "token"
            os.environ["RAY_AUTH_TOKEN_PATH"] = str(token_in(self.token_folder))
        import ray

        with self._connected():
            work = ray.remote(
                num_cpus=self.cpus_per_trial,
                num_gpus=self.gpus_per_trial,
                max_retries=RETRIES,
                retry_exceptions=[ChildProcessError],
            )(run_job)
            for job in jobs:
                if self.stopping:
                    yield job, STOPPED
                else:
                    self.running[work.remote(job)] = job
            if self.stopping:  # perhaps while a job was on its way
                self._cancel()
            while self.running:
                (ended,), _ = ray.wait(list(self.running), num_returns=1)
                job = self.running.pop(ended)
                try:
                    code = int(ray.get(ended))
                except ray.exceptions.RayError:
                    code = LOST
                yield job, STOPPED if self.stopping else code

    def stop(self, signal_number: int) -> None:
        """End every job, and start no other; a trial whose worker is gone saves itself and ends."""
        self.stopping = True
        self._cancel()

    def _cancel(self) -> None:
        import ray

        for reference in list(self.running):
            ray.cancel(reference, force=True)

    @contextlib.contextmanager
    def _connected(self) -> Iterator[None]:
        import ray

        options: dict[str, Any] = {"log_to_driver": False}
        with contextlib.ExitStack() as stack:
            if self.address == LOCAL:
                folder = stack.enter_context(short_folder())
                options |= {"_temp_dir": str(folder), "num_cpus": self._cpus()}
            else:
                options["address"] = self.address
            try:
                ray.init(**options)
            except (ConnectionError, RuntimeError, ValueError) as error:
                reason = str(error).partition("\n")[0]
                expected = "auto, or HOST:PORT of the head of a Ray cluster"
                raise UsageError("--address", received=f"{self.address!r} ({reason})", expected=expected) from None
            stack.callback(ray.shutdown)
            yield

    def _cpus(self) -> int | None:
        return None if self.at_a_time is None else self.at_a_time * self.cpus_per_trial


@contextlib.contextmanager
def short_folder() -> Iterator[Path]:
    """A temporary folder that is removed at the end, even where this process is killed.

    Its name is short, since the path of a socket in it may have 107 bytes.
    """
    folder = tempfile.mkdtemp(prefix="dv-")
    command = [sys.executable, "-I", "-S", "-c", REMOVER, folder]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True):
        yield Path(folder)


def token_in(folder: Path) -> Path:
    """The file of a study's token, made where there is none, readable by its owner alone."""
    path = folder / TOKEN_FILE
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
    return path.absolute()
