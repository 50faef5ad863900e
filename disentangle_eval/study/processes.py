"""Trials in processes of this machine, so many at a time; the engine of a study where Ray is not installed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from disentangle_eval.runtime.signals import Children

# The exit code of a job that was stopped, or not started because others were.
STOPPED = 128

# A worker that the system kills, for memory or with its node, starts again from its checkpoint so many times.
RETRIES = 2


@dataclass(frozen=True)
class Job:
    """Trials that one process runs: their folders, its CPU threads, and where data sets are.

    Several trials differ in their seed alone.
    """

    folders: tuple[Path, ...]
    threads: int
    device: str = "auto"
    data_dir: Path | None = None

    def command(self) -> list[str]:
        """The command line of the process, which ends with this one."""
        options = [str(os.getpid()), str(self.threads), self.device, str(self.data_dir or "")]
        arguments = [*options, *map(str, self.folders)]
        return [sys.executable, "-m", "disentangle_eval.study.trial", *arguments]

    @property
    def output(self) -> Path:
        """Where the process writes."""
        return self.folders[0] / "output.txt"

    def environment(self) -> dict[str, str]:
        """The environment of the process: as many threads as the job has, and no more."""
        return {**os.environ, "OMP_NUM_THREADS": str(self.threads), "OMP_WAIT_POLICY": "PASSIVE"}


@dataclass
class Processes:
    """Runs jobs in processes; `stop` sends them a signal, so that each saves itself and ends."""

    at_a_time: int
    children: Children[subprocess.Popen[bytes]] = field(default_factory=Children)

    def run(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, int]]:
        """Each job as it ends, with its exit code.

        It is `STOPPED` after `stop`, and negative where a signal ended the process more often than is retried.
        """
        with ThreadPoolExecutor(self.at_a_time) as pool:
            futures: dict[Future[int], Job] = {pool.submit(self._run_one, job): job for job in jobs}
            while futures:
                ended, _ = wait(futures, return_when=FIRST_COMPLETED)
                for future in ended:
                    yield futures.pop(future), future.result()

    def stop(self, signal_number: int) -> None:
        """Pass a signal on to every process that runs; jobs that wait do not start."""
        self.children.pass_on(signal_number)

    def _run_one(self, job: Job) -> int:
        code = 0
        for _ in range(1 + RETRIES):
            process = self.children.start(partial(start_job, job))
            if process is None:
                return STOPPED
            code = self.children.wait(process)
            if code >= 0:
                break
        return code if self.children.received is None else STOPPED


def start_job(job: Job) -> subprocess.Popen[bytes]:
    """The process of a job, whose output is added to a file in the folder of its first trial."""
    with job.output.open("ab") as output:
        return subprocess.Popen(
            job.command(),
            env=job.environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def run_job(job: Job) -> int:
    """Run a job to its end; its exit code. `ChildProcessError` where a signal ended it."""
    code = start_job(job).wait()
    if code < 0:
        raise ChildProcessError(f"ended by signal {-code}")
    return code
