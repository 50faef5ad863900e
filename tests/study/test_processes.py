"""Jobs in processes: the exit code of each, killed ones tried again, and all ended by `stop`."""

import signal
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from disentangle_eval.study import processes
from disentangle_eval.study.processes import RETRIES, STOPPED, Processes, run_job, start_job


@dataclass(frozen=True)
class Code:
    """A job that runs some Python in its folder."""

    folder: Path
    code: str

    @property
    def folders(self):
        return (self.folder,)

    def command(self):
        begun = f"import os, signal; open({str(self.folder / 'begun')!r}, 'a').write('x')\n"
        return [sys.executable, "-S", "-c", begun + self.code]

    @property
    def output(self):
        return self.folder / "output.txt"

    def environment(self):
        return {}


def test_exit_codes_are_those_of_the_processes_and_output_is_kept(tmp_path):
    job = Code(tmp_path, "print('hello'); raise SystemExit(3)")
    assert list(Processes(at_a_time=1).run([job])) == [(job, 3)]
    assert (tmp_path / "output.txt").read_text() == "hello\n"
    assert run_job(job) == 3


def test_a_killed_process_is_tried_again_and_then_given_up(tmp_path):
    job = Code(tmp_path, "os.kill(os.getpid(), signal.SIGKILL)")
    assert list(Processes(at_a_time=1).run([job])) == [(job, -signal.SIGKILL)]
    assert len((tmp_path / "begun").read_text()) == 1 + RETRIES
    with pytest.raises(ChildProcessError, match="ended by signal 9"):
        run_job(job)


def test_stopped_jobs_receive_the_signal_and_waiting_ones_do_not_start(tmp_path):
    code = "signal.signal(signal.SIGTERM, lambda *_: exit(0)); open('ready', 'w'); signal.pause()"
    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        folder.mkdir()
    jobs = [Code(folder, code.replace("ready", str(folder / "ready"))) for folder in folders]
    engine = Processes(at_a_time=1)

    def stop():
        until = time.monotonic() + 60
        while not (folders[0] / "ready").exists() and time.monotonic() < until:
            time.sleep(0.01)
        engine.stop(signal.SIGTERM)

    stopping = threading.Thread(target=stop)
    stopping.start()
    assert dict(engine.run(jobs)) == dict.fromkeys(jobs, STOPPED)
    stopping.join()
    assert not (folders[1] / "begun").exists()


def test_a_signal_while_a_process_starts_reaches_it(tmp_path, monkeypatch):
    """It comes from another thread, the one that receives signals."""
    job, engine = Code(tmp_path, "import time; time.sleep(60)"), Processes(at_a_time=1)

    def slowly(job):
        stopping.start()
        time.sleep(0.2)
        return start_job(job)

    stopping = threading.Thread(target=engine.stop, args=[signal.SIGTERM])
    monkeypatch.setattr(processes, "start_job", slowly)
    began = time.monotonic()
    assert list(engine.run([job])) == [(job, STOPPED)]
    assert time.monotonic() - began < 30
