"""Compare the numbers that two checkouts compute on one machine, byte for byte.

Each checkout runs in a process of its own, by its own interpreter, and is used through its command line alone, so that
the two may differ in everything but their commands. Compared are

- `training`: 20 iterations of every model the first checkout has, at seed 0: each logged term and each final weight;
- `resuming`: 10 iterations by the first, resumed to 20 by the second, against 20 by the first;
- `tables`: the scores of every metric on the golden tables of codes;
- `checkpoint`: the scores of one checkpoint written by the first.

    python benchmarks/same_numbers.py --python-a ../old/.venv/bin/python --python-b .venv/bin/python \\
        --golden ../shared/data/golden

What only one of the two reports, such as a new detail of a score, is listed and is no difference. A difference that is
intended is excused by its name: `--except "training/beta-tcvae/log/*"`. The exit code is 1 where others remain.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import runpy
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, NamedTuple

PARTS = ("training", "resuming", "tables", "checkpoint")
ITERATIONS = 20
BATCH = 8
THREADS = 1

# Models of grey 28 x 28 images; all others train on dSprites.
SMALL = ("binfogan", "infoae", "infogan", "infowgan-gp")

# Narrow networks, for pictures are drawn in every run and would take most of the time.
NARROW = {
    **{model: {"width": 8} for model in SMALL},
    **{model: {"generator-width": 4, "discriminator-width": 4} for model in ("ibgan", "ibgan-gan", "ibgan-infogan")},
}

# Metrics on tables, besides `all` under its default protocols.
PROTOCOLS = (
    ("factorvae", "kim-mnih"),
    ("factorvae", "ib-gan"),
    ("higgins", "kim-mnih"),
    ("irs", "suter"),
    ("sap", "correlation"),
)
# On a VAE's checkpoint, in seconds each.
CHECKPOINT_METRICS = (
    ("factorvae", "dlib"),
    ("factorvae", "kim-mnih"),
    ("higgins", "dlib"),
    ("mig", "dlib"),
    ("sap", "dlib"),
    ("irs", "dlib"),
    ("unsupervised", "dlib"),
    ("reconstruction", "sample"),
    ("tc", "gaussian"),
)


class Command(NamedTuple):
    """A command line of `deval`, and the name by which its output is compared."""

    name: str
    arguments: tuple[str, ...]


class Differences:
    """What was found: how many numbers are equal, and by name what differs or is in one checkout alone."""

    def __init__(self) -> None:
        self.equal = 0
        self.different: dict[str, str] = {}
        self.alone: dict[str, str] = {}

    def compare(self, name: str, a: Any, b: Any) -> None:
        """Compare plain data item by item; numbers are equal where their shortest decimal forms are."""
        if isinstance(a, dict) and isinstance(b, dict):
            for key in sorted({*a, *b}):
                if key in a and key in b:
                    self.compare(f"{name}/{key}", a[key], b[key])
                else:
                    self.alone[f"{name}/{key}"] = "a" if key in a else "b"
        elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
            for position, (left, right) in enumerate(zip(a, b, strict=True)):
                self.compare(f"{name}/{position}", left, right)
        elif json.dumps(a) == json.dumps(b):
            self.equal += 1
        else:
            self.different[name] = f"{json.dumps(a)[:100]} against {json.dumps(b)[:100]}"


def main() -> int:
    options = parser().parse_args()
    if options.worker:
        return work(options.worker)
    folder = Path(tempfile.mkdtemp(prefix="same-numbers-"))
    try:
        found = compare_checkouts(options, folder)
    finally:
        shutil.rmtree(folder)
    return report(found, options.excused)


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--python-a", default=sys.executable, help="interpreter of the first checkout, the older one")
    parser.add_argument("--python-b", default=sys.executable, help="interpreter of the second checkout")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="what to compare")
    parser.add_argument("--models", nargs="+", help="models to train  [default: all of the first checkout's own]")
    parser.add_argument("--golden", type=Path, default=golden_folder(), help="folder of golden tables of codes")
    parser.add_argument("--except", dest="excused", nargs="+", default=(), help="patterns of intended differences")
    parser.add_argument("--worker", type=Path, help=argparse.SUPPRESS)
    return parser


def golden_folder() -> Path:
    shared = os.environ.get("DEVAL_SHARED", Path(__file__).resolve().parents[2] / "shared")
    return Path(shared) / "data" / "golden"


# ---------------------------------------------------------------- both checkouts


def compare_checkouts(options: argparse.Namespace, folder: Path) -> Differences:
    """Run both checkouts side by side, then the second on what the first has written."""
    small = write_small_images(folder / "small.npz")
    models = options.models or own_models(options.python_a)
    parts = set(options.parts)
    found = Differences()
    pythons = {"a": options.python_a, "b": options.python_b}
    commands: dict[str, list[Command]] = {"a": [], "b": []}
    for side, own in commands.items():
        if parts & {"training", "resuming"} and (side == "a" or "training" in parts):
            own += [train(model, folder / side / model, small, ITERATIONS) for model in models]
        if "tables" in parts:
            own += score_tables(options.golden)
    if parts & {"resuming"}:
        commands["a"] += [train(model, folder / "resumed" / model, small, ITERATIONS // 2) for model in models]
    if "checkpoint" in parts:
        commands["a"].append(train("vae", folder / "scored", small, ITERATIONS))
        commands["a"] += score_checkpoint(folder / "scored")
    outputs = run_both(pythons, commands, folder)

    later: list[Command] = []
    if "resuming" in parts:
        later += [train(model, folder / "resumed" / model, small, ITERATIONS, "--resume") for model in models]
    if "checkpoint" in parts:
        later += score_checkpoint(folder / "scored")
    outputs["b"] |= run_both({"b": pythons["b"]}, {"b": later}, folder)["b"]

    if "training" in parts:
        for model in models:
            compare_runs(found, f"training/{model}", folder / "a" / model, folder / "b" / model, outputs)
    if "resuming" in parts:
        for model in models:
            compare_runs(found, f"resuming/{model}", folder / "a" / model, folder / "resumed" / model, outputs)
    for name in outputs["a"]:
        if name.split("/")[0] in parts & {"tables", "checkpoint"}:
            compare_scores(found, name, outputs["a"][name], outputs["b"][name])
    return found


def run_both(
    pythons: dict[str, str], commands: dict[str, list[Command]], folder: Path
) -> dict[str, dict[str, dict[str, Any]]]:
    """The output of every command by side and name; the sides run at the same time."""
    running = {}
    for side, python in pythons.items():
        file = folder / f"commands-{side}.json"
        file.write_text(json.dumps(commands[side]))
        arguments = [python, "-P", __file__, "--worker", str(file)]
        environment = {**os.environ, "OMP_NUM_THREADS": str(THREADS)}
        running[side] = subprocess.Popen(arguments, stdout=subprocess.PIPE, env=environment)
    outputs = {side: json.loads(process.communicate()[0]) for side, process in running.items()}
    for side, by_name in outputs.items():
        for name, output in by_name.items():
            if output["code"]:
                print(f"{side}: {name} ended with {output['code']}: {output['error'].strip()[-300:]}", file=sys.stderr)
    return outputs


def own_models(python: str) -> list[str]:
    """Names of the models that come with a checkout."""
    lines = subprocess.run(
        [python, "-P", "-m", "disentangle_eval", "models"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "1000"},
    ).stdout.splitlines()
    return [line.split()[0] for line in lines[1:] if "disentangle-eval" in line]


def write_small_images(path: Path) -> Path:
    """256 images of 28 x 28 pixels, blocks of grey at random places."""
    import numpy as np

    rng = np.random.default_rng(0)
    images = np.zeros((256, 28, 28), dtype=np.uint8)
    for image in images:
        top, left = rng.integers(0, 18, size=2)
        height, width = rng.integers(3, 11, size=2)
        image[top : top + height, left : left + width] = rng.integers(60, 256)
    np.savez(path, images=images)
    return path


def train(model: str, out: Path, small: Path, iterations: int, *more: str) -> Command:
    arguments = ("train", model, "--dataset", f"npz:{small}" if model in SMALL else "dsprites", "--out", str(out))
    settings = {"iterations": iterations, "threads": THREADS, "log-every": 1}
    if "--resume" not in more:
        settings |= {"batch-size": BATCH, "seed": 0, **NARROW.get(model, {})}
    chosen = [text for name, value in settings.items() for text in (f"--{name}", str(value))]
    return Command(f"train/{out.parent.name}/{model}", (*arguments, "--device", "cpu", *chosen, *more))


def score_tables(golden: Path) -> list[Command]:
    common = ("--json", "--seed", "0", "--threads", str(THREADS))
    commands = []
    for table in sorted(golden.glob("*.npz")):
        chosen = [("all", ()), *((metric, ("--protocol", name)) for metric, name in PROTOCOLS)]
        for metric, protocol in chosen:
            name = "/".join(("tables", table.stem, metric, *protocol[1:]))
            commands.append(Command(name, ("score", "--codes", str(table), "--metric", metric, *protocol, *common)))
    return commands


def score_checkpoint(folder: Path) -> list[Command]:
    common = ("--json", "--seed", "0", "--threads", str(THREADS), "--device", "cpu")
    checkpoint = str(folder / "checkpoint.pt")
    return [
        Command(
            f"checkpoint/{metric}/{protocol}",
            ("score", checkpoint, "--metric", metric, "--protocol", protocol, *common),
        )
        for metric, protocol in CHECKPOINT_METRICS
    ]


# ---------------------------------------------------------------- one checkout


def work(file: Path) -> int:
    """Run commands in this process, and print what each put out."""
    outputs = {}
    for name, arguments in json.loads(file.read_text()):
        out, error = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
            code = run_command(arguments)
        outputs[name] = {"code": code, "out": out.getvalue(), "error": error.getvalue()}
    print(json.dumps(outputs))
    return 0


def run_command(arguments: Sequence[str]) -> int:
    """`deval ARGUMENTS`, and its exit code."""
    before = sys.argv
    sys.argv = ["deval", *arguments]
    try:
        runpy.run_module("disentangle_eval", run_name="__main__")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except Exception as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 70
    finally:
        sys.argv = before
    return 0


# ---------------------------------------------------------------- comparing


def compare_runs(found: Differences, name: str, a: Path, b: Path, outputs: dict[str, Any]) -> None:
    missing = [str(folder / "checkpoint.pt") for folder in (a, b) if not (folder / "checkpoint.pt").is_file()]
    if missing:
        found.different[name] = f"no run in {', '.join(missing)}"
        return
    found.compare(f"{name}/log", log_of(a), log_of(b))
    found.compare(f"{name}/weights", weights_of(a), weights_of(b))


def log_of(folder: Path) -> dict[str, Any]:
    """Logged terms, {term: {iteration: value}}."""
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    terms: dict[str, Any] = {"lines": len(lines)}
    for line in lines:
        for term in line.keys() - {"iteration"}:
            terms.setdefault(term, {})[str(line["iteration"])] = line[term]
    return terms


def weights_of(folder: Path) -> dict[str, str]:
    """Checksums of the weights by name."""
    import hashlib

    import torch

    contents = torch.load(folder / "checkpoint.pt", map_location="cpu", weights_only=True)
    return {
        name: f"{tuple(value.shape)} {hashlib.sha256(value.contiguous().numpy().tobytes()).hexdigest()}"
        for name, value in contents["weights"].items()
    }


def compare_scores(found: Differences, name: str, a: dict[str, Any], b: dict[str, Any]) -> None:
    if a["code"] != b["code"]:
        found.different[name] = f"exit code {a['code']} against {b['code']}"
        return
    found.compare(name, scores_of(a["out"]), scores_of(b["out"]))


def scores_of(output: str) -> dict[str, Any]:
    """Value, chance level and details of each result, by metric and protocol."""
    results = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    return {
        f"{result['metric']}:{result['settings'].get('protocol')}": {
            key: result[key] for key in ("value", "chance", "details") if key in result
        }
        for result in results
    }


def report(found: Differences, excused: Sequence[str]) -> int:
    """Print the differences, of each kind the first and how many there are, and return the exit code."""
    unexpected = {name: text for name, text in found.different.items() if not matches(name, excused)}
    for verb, names in (("only in one", found.alone), ("differs", unexpected)):
        kinds: dict[str, list[str]] = {}
        for name in names:
            kinds.setdefault("/".join(name.split("/")[:4]), []).append(name)
        for members in kinds.values():
            more = f" (and {len(members) - 1} like it)" if len(members) > 1 else ""
            print(f"{verb}: {members[0]}: {names[members[0]]}{more}")
    excused_count = len(found.different) - len(unexpected)
    print(f"{found.equal} equal, {len(unexpected)} different, {excused_count} excused, {len(found.alone)} in one alone")
    return int(bool(unexpected))


def matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)


if __name__ == "__main__":
    raise SystemExit(main())
