"""What a fault costs: kills, full disks, damaged files and servers that lie, with a count per scenario.

    python benchmarks/faults.py --kills 100 --mutations 10000 --out faults.jsonl
    python benchmarks/faults.py --short

Every scenario follows from `--seed`. A fault is a resumed run that differs from the unbroken one by a bit, a file that
is read with other contents than were saved where checksums promise otherwise, an error that is not one line, or a
process that crashes or does not end. The exit code is 1 where there was one.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import importlib
import json
import os
import random
import resource
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from unittest.mock import patch

import h5py
import numpy as np
import torch

import disentangle_eval as de
from disentangle_eval.checkpoint import load as load_checkpoint
from disentangle_eval.config import build
from disentangle_eval.data.files import hdf5_limits
from disentangle_eval.data.files.fetching import fetch
from disentangle_eval.data.own import hdf5, npz
from disentangle_eval.data.own.config import ArrayConfig
from disentangle_eval.data.packed import write_packed
from disentangle_eval.data.sets import own_data
from disentangle_eval.errors import DevalError
from disentangle_eval.metrics.code_file import load_code_table
from disentangle_eval.registry.specs import DataFile
from disentangle_eval.runtime.checksums import checksum
from disentangle_eval.runtime.json_lines import read_lines
from disentangle_eval.training.folder import RunFolder

ITERATIONS = 6
# Of commands that train two seeds, and which of them are settings of a run.
COMMAND_SETTINGS = {
    "iterations": 40,
    "log_every": 2,
    "checkpoint_every": 2,
    "snapshot_every": 20,
    "batch_size": 2,
    "hidden": 8,
    "latent_dim": 3,
}
OF_RUNS = ("iterations", "log_every", "checkpoint_every", "snapshot_every")
DEADLINE = 30.0  # seconds for one file
OWN = {spec.name: spec for spec in own_data.DATASETS}
Outcome = str
Read = Callable[[Path], str]

# Where a run writes, by the function that does it: a kill comes before the n-th call of any of them.
WRITES = ((os, "write"), (os, "fsync"), (os, "replace"), (Path, "replace"), (os, "ftruncate"))


def train(data: Path, out: Path, *, resume: bool = False) -> None:
    """A run of a few seconds with log lines, snapshots, pictures and checkpoints."""
    de.train(
        "vae",
        f"npz:{data}",
        out=out,
        resume=resume,
        iterations=ITERATIONS,
        batch_size=2,
        log_every=2,
        checkpoint_every=2,
        snapshot_every=3,
        hidden=8,
        latent_dim=3,
        device="cpu",
    )


def in_a_child(work: Callable[[], None]) -> int:
    """The exit code of a forked process that does this work: 0, 3 after an error of one line, 4 after any other."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 4
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(1, 2)
        work()
        code = 0
    except DevalError as error:
        code = 4 if "\n" in str(error) else 3
    finally:
        os._exit(code)


def killed_at(write: int) -> None:
    """From now on count the calls that write, and be killed before the call of that number."""
    left = [write]
    for owner, name in WRITES:
        setattr(owner, name, _counting(getattr(owner, name), left))


def _counting(call: Callable[..., Any], left: list[int]) -> Callable[..., Any]:
    def counted(*args: Any, **kwargs: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*args, **kwargs)

    return counted


def killed_after(seconds: float) -> None:
    """From now on wait for SIGALRM, which Python does not handle and which ends the process."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)


def limited_to(size: int) -> None:
    """From now on no file can grow beyond so many bytes, as on a full disk."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


def broken_runs(folder: Path, data: Path, breaks: list[tuple[str, Callable[[], None]]]) -> Counter[Outcome]:
    """Break a run in each of these ways and resume it; its weights must be those of the unbroken run."""
    found: Counter[Outcome] = Counter()
    assert in_a_child(lambda: train(data, folder / "unbroken")) == 0
    expected = weights(folder / "unbroken")
    for number, (kind, break_it) in enumerate(breaks):
        out = folder / f"{kind}-{number}"

        def broken(out: Path = out, break_it: Callable[[], None] = break_it) -> None:
            break_it()
            train(data, out)

        code = in_a_child(broken)
        if code == 4:
            found["fault: an error that is not one line"] += 1
            continue
        how = {0: "not reached", 3: "refused in one line"}.get(code, "killed")
        # Before the first checkpoint there may be nothing to resume: the same command again is then what to type.
        again = in_a_child(lambda out=out: train(data, out, resume=True))
        if again == 3:
            again = in_a_child(lambda out=out: train(data, out))
        same = again == 0 and weights(out) == expected
        found[f"{how}, resumed bit for bit" if same else f"fault: {how}, then exit {again}"] += 1
    return found


def weights(run: Path) -> str:
    found = load_checkpoint(RunFolder(run).checkpoint)
    return checksum([found.iteration, dict(found.weights), found.train])


def seeds_command(data: Path, out: Path) -> list[str]:
    """A training of two seeds, each in a process; the same command starts, resumes and leaves what is done."""
    settings = {"dataset": f"npz:{data}", "seeds": "0-1", "out": f"{out}/run-{{seed}}", **COMMAND_SETTINGS}
    options = [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]
    return ["train", "vae", *options, "--device=cpu", *(["--resume"] if out.exists() else [])]


def study_command(data: Path, out: Path) -> list[str]:
    """A study of two seeds with a score of each."""
    text = {"name": "faults", "dataset": f"npz:{data}", "seeds": "0-1", "metrics": ["unsupervised"]}
    counts = {name: value for name, value in COMMAND_SETTINGS.items() if name in OF_RUNS}
    model = {"model": "vae", **{name: value for name, value in COMMAND_SETTINGS.items() if name not in OF_RUNS}}
    lines = [f"{name} = {json.dumps(value)}" for name, value in (text | counts).items()]
    lines += ["[[models]]", *(f"{name} = {json.dumps(value)}" for name, value in model.items())]
    file = data.with_name("study.toml")
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return ["study", "run", str(file), "--workers=2", "--device=cpu", f"--out={out}"]


def killed_commands(
    folder: Path, data: Path, command: Callable[[Path, Path], list[str]], count: int, rng: random.Random
) -> Counter[Outcome]:
    """Kill one process of a command that trains in several, at a random moment, and give the command again."""
    found: Counter[Outcome] = Counter()
    folder.mkdir()
    begun = time.monotonic()
    _finish(_started(command(data, folder / "unbroken")))
    duration, expected = time.monotonic() - begun, weights_below(folder / "unbroken")
    assert len(expected) == 2
    for number in range(count):
        out = folder / str(number)
        process = _started(command(data, out))
        time.sleep(rng.uniform(0, duration))
        tree = _tree(process.pid)
        victim = rng.choice(tree)
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
        _finish(process)
        _wait_for(tree)
        code, said = _finish(_started(command(data, out)))
        who = "the command" if victim == process.pid else "one of its processes"
        same = code == 0 and weights_below(out) == expected
        how = f"{who} was killed"
        if said.count("Traceback"):
            found["fault: a traceback"] += 1
        else:
            found[f"{how}, resumed bit for bit" if same else f"fault: {how}, then exit {code}"] += 1
    return found


def weights_below(folder: Path) -> list[str]:
    return [weights(path.parent) for path in sorted(folder.rglob("checkpoint.pt"))]


def _started(arguments: list[str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "disentangle_eval", *arguments]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def _finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    said = process.communicate()[1]
    return process.returncode, said


def _tree(pid: int) -> list[int]:
    """A process and all that it started, directly or not."""
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
    tree = [pid]
    for one in tree:
        tree += [child for child, parent in parents.items() if parent == one]
    return tree


def _wait_for(pids: list[int]) -> None:
    """Wait until none of the processes runs: those of a killed command save themselves and end."""
    while any(_runs(pid) for pid in pids):
        time.sleep(0.1)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def lying_servers(folder: Path, count: int, rng: random.Random) -> Counter[Outcome]:
    """Fetch a file from servers whose status, headers and bytes are drawn at random, a fresh set for every try."""
    contents = np.random.default_rng(0).bytes(30_000)
    found: Counter[Outcome] = Counter()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with contextlib.suppress(OSError):
                lie(self, contents, rng)

        def log_message(self, *arguments: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/file"
        for number in range(count):
            target = folder / f"fetched-{number}"
            size = rng.choice([0, len(contents)])
            file = DataFile(path=target.name, urls=(url, url), size=size, checksum=f"sha256:{sha256(contents)}")
            try:
                fetch(file, target, timeout=0.5)
                outcome = "fetched" if target.read_bytes() == contents else "fault: fetched with other contents"
            except DevalError as error:
                outcome = "refused in one line"
                if "\n" in str(error) or target.exists():
                    outcome = "fault: refused in several lines, or the file is there"
            except BaseException as error:
                outcome = f"fault: {type(error).__name__}"
            found[outcome] += 1
            for left in (target, target.with_name(f"{target.name}.partial")):
                left.unlink(missing_ok=True)
        server.shutdown()
    return found


def sha256(contents: bytes) -> str:
    return hashlib.sha256(contents).hexdigest()


def lie(request: BaseHTTPRequestHandler, contents: bytes, rng: random.Random) -> None:
    """One answer: of a server that is right in most, in some or in no respect."""
    size = len(contents)
    asked = int((request.headers.get("Range") or "bytes=0-")[6:-1])
    honest = rng.choice([0.95, 0.8, 0.3])

    def drawn(right: Any, *wrong: Any) -> Any:
        return right if rng.random() < honest else rng.choice(wrong)

    request.send_response(drawn(206 if asked else 200, 200, 206, 204, 302, 404, 416, 500))
    start = drawn(asked, 0, asked + 1, size, size + 5)
    body = drawn(contents[start:], contents, rng.randbytes(max(0, size - start)), contents[start:] * 2, b"")
    length = drawn(str(len(body)), str(len(body) + 10), "0", "-1", "many", str(10**18), None)
    span = f"bytes {start}-{size - 1}/{size}"
    headers = {
        "Content-Type": drawn("application/octet-stream", "text/html", "", "x" * 5000),
        "Content-Length": length,
        "Content-Range": drawn(span, "bytes */*", f"bytes 0-{size}/{size * 9}", "nonsense", f"bytes {start}-0/*", None),
        "Location": drawn(None, request.path, "file:///etc/hostname", "http://127.0.0.1:1/"),
        "Content-Encoding": drawn(None, "gzip", "br"),
        "Transfer-Encoding": drawn(None, None, None, "chunked"),
    }
    for name, value in headers.items():
        if value is not None:
            request.send_header(name, value)
    request.end_headers()
    request.wfile.write(body[: drawn(len(body), len(body) // 2, 1)])


def make_files(folder: Path, data: Path) -> dict[str, tuple[Path, Read, bool]]:
    """A file of every format, how it is read, and whether checksums promise that it is read as it was saved."""
    run = folder / "run"
    assert in_a_child(lambda: train(data, run)) == 0
    rng = np.random.default_rng(0)
    codes = folder / "codes.npz"
    np.savez_compressed(codes, codes=rng.normal(size=(60, 3)), factor_sizes=[3, 4, 5])
    own = folder / "own.h5"
    with h5py.File(own, "w") as file:
        file.create_dataset("images", data=rng.integers(256, size=(8, 8, 8), dtype=np.uint8), compression="gzip")
        file["labels"] = np.arange(8)
    packed = folder / "packed.h5"
    write_packed(packed, npz.load(OWN["npz"], data, build(ArrayConfig, {})), {"from": "noise"})
    results = folder / "results.jsonl"
    results.write_text("".join(json.dumps({"metric": "mig", "value": i / 7}) + "\n" for i in range(5)))
    return {
        "checkpoint": (RunFolder(run).checkpoint, _checkpoint, True),
        "codes.npz": (codes, _codes, True),
        "images.npz": (data, lambda path: _images(npz, "npz", path), True),
        "h5": (own, lambda path: _images(hdf5, "h5", path), False),
        "packed h5": (packed, lambda path: _images(hdf5, "h5", path), True),
        "run.json": (RunFolder(run).run_file, lambda path: str(RunFolder(path.parent).read_run()), False),
        "results.jsonl": (results, lambda path: str(read_lines(path).records), False),
    }


def _probed(path: Path) -> None:
    """Read a file as a command does, which first tries it in another process."""
    killed_after(3 * DEADLINE)
    hdf5_limits.refuse_endless(path, ())
    _images(hdf5, "h5", path)


def _checkpoint(path: Path) -> str:
    return checksum(vars(load_checkpoint(path)))


def _codes(path: Path) -> str:
    table = load_code_table(path)
    return checksum([torch.from_numpy(table.codes(np.arange(len(table)))), list(table.factors.sizes)])


def _images(module: Any, kind: str, path: Path) -> str:
    with patch.object(hdf5, "refuse_endless", lambda *_: None):  # this process is one that can be ended
        data = module.load(OWN[kind], path, build(ArrayConfig, {}))
    return checksum([data.images(torch.arange(len(data))), None if data.labels is None else data.labels.tolist()])


def mutations(whole: bytes, count: int, rng: random.Random) -> Iterator[bytes]:
    """Copies with a flipped bit, some other bytes, a run of zeros, a part moved, or the end missing."""
    for number in range(count):
        damaged = bytearray(whole)
        place = rng.randrange(len(whole))
        if number % 5 == 0:
            damaged[place] ^= 1 << rng.randrange(8)
        elif number % 5 == 1:
            for _ in range(rng.randint(1, 8)):
                damaged[rng.randrange(len(whole))] = rng.randrange(256)
        elif number % 5 == 2:
            damaged[place : place + rng.randint(1, 64)] = bytes(len(damaged[place : place + 16]))
        elif number % 5 == 3:
            other = rng.randrange(len(whole))
            damaged[place : place + 16] = whole[other : other + 16]
        else:
            del damaged[place:]
        yield bytes(damaged)


def read_mutated(name: str, path: Path, read: Read, promised: bool, count: int, seed: int) -> Counter[Outcome]:
    """Read mutated copies of a file in a process of their own, which is started again where one ends it."""
    expected, whole, rng = read(path), path.read_bytes(), random.Random(f"{seed} {name}")
    left = list(mutations(whole, count, rng))
    found: Counter[Outcome] = Counter()
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / path.name
        while left:
            left = left[_read_all(left, copy, read, expected, promised, found) :]
    return found


def _read_all(
    files: list[bytes], copy: Path, read: Read, expected: str, promised: bool, found: Counter[Outcome]
) -> int:
    """How many of the files were tried; all but the last of them without an end of the process."""
    ours, theirs = os.pipe()
    child = os.fork()
    if not child:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for contents in files:
                copy.write_bytes(contents)
                os.write(theirs, _outcome(copy, read, expected, promised).encode()[:256].ljust(256, b"\0"))
        os._exit(0)
    os.close(theirs)
    tried = 0
    while tried < len(files):
        ready, _, _ = select.select([ours], [], [], DEADLINE)
        answer = os.read(ours, 256) if ready else b""
        tried += 1
        if len(answer) < 256:
            os.kill(child, signal.SIGKILL)
            copy.write_bytes(files[tried - 1])
            refused = copy.suffix == ".h5" and in_a_child(partial(_probed, copy)) == 3
            how = "crashed" if ready else "did not end"
            found[f"{how} in HDF5's library, refused in one line" if refused else f"fault: {how}"] += 1
            break
        found[answer.rstrip(b"\0").decode()] += 1
    os.waitpid(child, 0)
    os.close(ours)
    return tried


def _outcome(copy: Path, read: Read, expected: str, promised: bool) -> Outcome:
    try:
        same = read(copy) == expected
    except DevalError as error:
        return "fault: an error of several lines" if "\n" in str(error) else "refused in one line"
    except BaseException as error:
        return f"fault: {type(error).__name__}"
    if same:
        return "read as it was saved"
    return "fault: read with other contents" if promised else "read with other contents (no checksum)"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--commands", type=int, default=20, help="kills in --seeds, and as many in a study")
    parser.add_argument("--servers", type=int, default=1000, help="files fetched from servers that lie")
    parser.add_argument("--disks", type=int, default=20)
    parser.add_argument("--mutations", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--short", action="store_true", help="a few of each, for CI")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args(arguments)
    if given.short:
        given.kills, given.commands, given.servers, given.disks, given.mutations = 2, 0, 100, 1, 210
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    torch.set_num_threads(1)
    # Imported once, not in every child.
    for module in ("running", "report.run_pictures", "report.curves", "report.traversal", "training.planning"):
        importlib.import_module(f"disentangle_eval.{module}")
    de.list_models()
    rng = random.Random(given.seed)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        data = folder / "images.npz"
        np.savez(data, images=np.random.default_rng(0).integers(256, size=(8, 16, 16), dtype=np.uint8))
        chosen = [("write", partial(killed_at, n)) for n in range(10, 10 + given.kills * 2, 4)]
        at_random = [("time", partial(killed_after, rng.uniform(0.05, 2.0))) for _ in range(given.kills // 2)]
        sizes = [int(4000 * 1.6**n) for n in range(given.disks)]
        disks = [("disk", partial(limited_to, size)) for size in sizes]
        scenarios: list[tuple[str, int, Callable[[], Counter[Outcome]]]] = [
            ("kills before a write", len(chosen), lambda: broken_runs(folder / "a", data, chosen)),
            ("kills at random moments", len(at_random), lambda: broken_runs(folder / "b", data, at_random)),
            ("full disks", len(disks), lambda: broken_runs(folder / "c", data, disks)),
            (
                "kills in --seeds",
                given.commands,
                lambda: killed_commands(folder / "d", data, seeds_command, given.commands, rng),
            ),
            (
                "kills in a study",
                given.commands,
                lambda: killed_commands(folder / "e", data, study_command, given.commands, rng),
            ),
        ]
        lines = [scenario(name, run()) for name, count, run in scenarios if count]
        files = make_files(folder, data)
        for name, (path, read, promised) in files.items():
            count = given.mutations // len(files)
            lines.append(scenario(f"mutated {name}", read_mutated(name, path, read, promised, count, given.seed)))
        if given.servers:  # last: it starts threads, and the others fork
            lines.append(scenario("servers that lie", lying_servers(folder, given.servers, rng)))
    if given.out:
        given.out.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return int(any(line["faults"] for line in lines))


def scenario(name: str, found: Counter[Outcome]) -> dict[str, Any]:
    """The count of a scenario, printed as it is known."""
    faults = sum(count for outcome, count in found.items() if outcome.startswith("fault"))
    line = {"scenario": name, "tried": found.total(), "faults": faults, "outcomes": dict(sorted(found.items()))}
    print(json.dumps(line), flush=True)
    return line


if __name__ == "__main__":
    sys.exit(main())
