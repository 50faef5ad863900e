"""Do the tests notice a changed operator, constant, condition or return in metrics, checkpoints, results and files?

Draws mutants by a seed, gives each to the tests of its file, and adds one JSON line per mutant to `--out`. Mutants that
the file already holds are not tried again, so that a run goes on where it was ended. Texts, and what only says
something (errors, warnings), are not mutated.

    python benchmarks/mutants.py --count 300 --seconds 1800 --out mutants.jsonl
    python benchmarks/mutants.py --summary --out mutants.jsonl

The tests run in forks of a process that has imported what they need, on a copy of the package that holds the mutant,
which the commands that they start read, too.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "disentangle_eval"
SOURCES = (
    "metrics/**/*.py",
    "data/files/*.py",
    "checkpoint.py",
    "results.py",
    "runtime/checksums.py",
    "runtime/files.py",
    "runtime/json_lines.py",
)
# Of settings: the tables of the pages, the default protocols, and the ends of each.
SETTINGS = (
    "docs/test_docs_metrics.py::test_the_table_of_protocols_on_a_metric_s_page_is_what_its_config_says",
    "metrics/test_every_metric.py::test_the_first_protocol_is_the_default",
    "metrics/test_settings.py",
)
GOLDEN = "golden/test_golden.py::test_a_score_is_that_of_the_golden_file"
# The tests of a file are tests/FOLDER/test_NAME*.py, and these.
TESTS = {
    "checkpoint.py": ("core/test_checkpoint.py",),
    "results.py": ("core/test_results.py", "scoring/test_measuring.py", "cli/test_score.py"),
    "runtime/checksums.py": ("core/test_checkpoint.py",),
    "runtime/files.py": ("core/test_checkpoint.py", "core/test_json_lines.py", "data/test_cache.py"),
    "runtime/json_lines.py": ("core/test_json_lines.py",),
    "data/files/cache.py": ("data/test_cache.py",),
    "data/files/fetching.py": ("data/test_fetching.py",),
    "data/files/hdf5_blocks.py": ("data/test_shapes3d.py", "data/test_cars3d.py"),
    "data/files/hdf5_limits.py": ("data/test_claimed_sizes.py",),
    "data/files/hdf5_probe.py": ("data/test_claimed_sizes.py",),
    "data/files/idx.py": ("data/test_mnist_idx.py",),
    "data/files/locations.py": ("data/test_locations.py",),
    "data/files/matlab.py": ("data/test_svhn.py", "data/test_cars3d.py"),
    "data/files/npz_blocks.py": ("data/test_claimed_sizes.py", "data/test_mpi3d.py", "data/test_dsprites_load.py"),
    "data/files/prepared.py": ("data/test_svhn.py", "data/test_faces.py"),
    "data/files/presence.py": ("data/test_presence.py",),
    "data/files/published.py": ("data/test_published.py",),
    "data/files/sizes.py": ("data/test_claimed_sizes.py",),
    "metrics/arrays.py": ("metrics/test_score_arrays.py",),
    "metrics/code_arrays.py": ("metrics/test_codes.py",),
    "metrics/grid_order.py": ("metrics/test_score_arrays.py", "metrics/test_codes.py"),
    "metrics/subject.py": ("metrics/test_codes.py", "metrics/toolbox"),
    "metrics/factors/config.py": (*SETTINGS, "metrics/toolbox/test_labelled_votes.py"),
    "metrics/factors/jemmig.py": ("golden", "metrics/factors/test_dcimig.py"),
    "metrics/factors/mcc.py": (GOLDEN,),
    "metrics/factors/predictors.py": ("metrics/factors/test_downstream.py",),
    "metrics/factors/r2.py": (GOLDEN,),
    "metrics/factors/rmig.py": ("golden", "metrics/toolbox/test_posterior_bins.py"),
    "metrics/factors/sap.py": (GOLDEN,),
    "metrics/images/config.py": SETTINGS,
    "metrics/images/image_features.py": ("metrics/images/test_fid.py", "metrics/images/test_kid.py"),
    "metrics/images/neighbours.py": ("metrics/images/test_prdc.py",),
    "metrics/images/reconstruction.py": ("metrics/images/test_reconstruction_metric.py",),
    "metrics/independence/alignment.py": ("metrics/independence/test_udr.py", "metrics/factors/test_mcc.py"),
    "metrics/independence/config.py": SETTINGS,
    "metrics/independence/density_ratio.py": ("metrics/independence/test_tc.py",),
    "metrics/independence/tc.py": ("metrics/information/test_other_posteriors.py",),
    "metrics/information/config.py": SETTINGS,
    "metrics/information/gilbo_encoder.py": ("metrics/information/test_gilbo.py",),
    "metrics/labels/config.py": (*SETTINGS, "metrics/labels/test_cluster_accuracy.py"),
    "metrics/toolbox/encoding.py": ("metrics/toolbox", "metrics/test_codes.py"),
    "metrics/toolbox/information_table.py": (GOLDEN,),
    "metrics/toolbox/posterior_parts.py": ("metrics/information/test_other_posteriors.py",),
    "metrics/toolbox/posterior_information.py": ("metrics/factors/test_mig.py",),
    "metrics/toolbox/posteriors.py": (
        "metrics/toolbox/test_aggregate_posterior.py",
        "metrics/factors/test_mig.py",
        "metrics/factors/test_factorvae.py",
        "metrics/information/test_other_posteriors.py",
    ),
    "metrics/toolbox/samples.py": ("metrics/toolbox/test_draw_samples.py",),
    "metrics/toolbox/statistics.py": ("metrics/independence",),
}
# Imported once, before the forks.
HEAVY = ("torch", "scipy.stats", "scipy.optimize", "sklearn.svm", "sklearn.ensemble", "sklearn.linear_model", "h5py")
SPARE_SECONDS = 60  # of CPU, more than the tests take unmutated, until a mutant counts as endless

OPERATORS: dict[type, str] = {
    ast.Lt: "<=",
    ast.LtE: "<",
    ast.Gt: ">=",
    ast.GtE: ">",
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.Is: "is not",
    ast.IsNot: "is",
    ast.In: "not in",
    ast.NotIn: "in",
    ast.Add: "-",
    ast.Sub: "+",
    ast.Mult: "/",
    ast.Div: "*",
    ast.FloorDiv: "*",
    ast.Mod: "*",
    ast.Pow: "*",
    ast.MatMult: "*",
    ast.And: "or",
    ast.Or: "and",
}


@dataclass(frozen=True)
class Mutant:
    """A part of a source file and what it is replaced by; `start` and `end` are places in its text."""

    file: str
    line: int
    kind: str
    before: str
    after: str
    start: int
    end: int


def mutants(path: Path) -> Iterator[Mutant]:
    """Every mutant of a file, in the order of its text."""
    text = path.read_text(encoding="utf-8")
    begins = [0]
    for each in text.splitlines(keepends=True):
        begins.append(begins[-1] + len(each.encode()))
    encoded = text.encode()
    for kind, node, after in _changes(ast.parse(text), ()):
        start, end = begins[node.lineno - 1] + node.col_offset, begins[node.end_lineno - 1] + node.end_col_offset
        before = encoded[start:end].decode()
        if ast.dump(ast.parse(f"({before})", mode="eval")) != ast.dump(ast.parse(after, mode="eval")):
            name = path.relative_to(ROOT / PACKAGE).as_posix()
            yield Mutant(name, node.lineno, kind, " ".join(before.split()), after, start, end)


def _changes(node: ast.AST, parents: tuple[ast.AST, ...]) -> Iterator[tuple[str, Any, str]]:
    """Expressions below a node with what replaces them; statements that only say something are left out."""
    if _says_something(node):
        return
    if isinstance(node, ast.expr):
        for kind, other in _others(node):
            yield (
                kind,
                node,
                f"({ast.unparse(other)})" if parents and isinstance(parents[-1], ast.expr) else ast.unparse(other),
            )
    elif isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
        yield "return", node.value, "None"
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "bases", "type_params"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _changes(child, (*parents, node))


def _others(node: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(node, ast.Compare):
        for place, operator in enumerate(node.ops):
            changed = [_parsed_operator(operator) if i == place else one for i, one in enumerate(node.ops)]
            yield "comparison", ast.Compare(node.left, changed, node.comparators)
    elif isinstance(node, ast.BinOp) and type(node.op) in OPERATORS and not _is_text(node):
        yield "arithmetic", ast.BinOp(node.left, _parsed_operator(node.op), node.right)
    elif isinstance(node, ast.BoolOp):
        yield "boolean", ast.BoolOp(_parsed_operator(node.op), node.values)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "boolean", node.operand
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield "constant", ast.Constant(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield "constant", ast.Constant(node.value + 1)


def _parsed_operator(operator: Any) -> Any:
    """The operator that takes the place of one."""
    text = OPERATORS[type(operator)]
    found: Any = ast.parse(f"a {text} b", mode="eval").body
    return found.ops[0] if isinstance(found, ast.Compare) else found.op


def _says_something(node: ast.AST) -> bool:
    """Errors, warnings, descriptions, formatted texts, and what only type checkers read."""
    if isinstance(node, ast.Raise | ast.Assert | ast.JoinedStr):
        return True
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        return True
    if isinstance(node, ast.keyword):
        return node.arg in ("stacklevel", "description", "examples")
    return isinstance(node, ast.Call) and ast.unparse(node.func) in ("warnings.warn", "DevalError", "UsageError")


def _is_text(node: ast.BinOp) -> bool:
    return any(
        isinstance(part, ast.Constant) and isinstance(part.value, str | bytes) for part in (node.left, node.right)
    )


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def draw(count: int, seed: int) -> list[Mutant]:
    """So many mutants of all sources, drawn by a seed; a larger count begins with the same ones."""
    paths = sorted({path for pattern in SOURCES for path in (ROOT / PACKAGE).glob(pattern)})
    every = [mutant for path in paths for mutant in mutants(path)]
    random.Random(seed).shuffle(every)
    return every[:count]


def tests_of(file: str) -> list[str]:
    """The tests of a source file, by its name and from the table."""
    path = Path(file)
    named = sorted((ROOT / "tests" / path.parent).glob(f"test_{path.stem}*.py"))
    folder = [ROOT / "tests" / path.parent] if path.name == "__init__.py" else []
    listed = [ROOT / "tests" / name for name in TESTS.get(file, ())]
    return [str(test) for test in dict.fromkeys([*named, *listed, *folder])]


class FirstFailure:
    """A plugin of pytest that keeps the name of the first test that fails."""

    name = ""

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed and not self.name:
            self.name = report.nodeid

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed and not self.name:
            self.name = report.nodeid


def tried(tests: list[str], copy: Path, limit: float) -> tuple[str, str, float]:
    """How a fork ends that runs tests on the copy of the package: outcome, first failed test, CPU seconds."""
    ours, theirs = os.pipe()
    before = _children_seconds()
    child = os.fork()
    if not child:
        os.setpgid(0, 0)
        _run(tests, copy, limit, theirs)
    os.close(theirs)
    with os.fdopen(ours, "rb") as pipe:
        answer = pipe.read().decode()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    seconds = round(_children_seconds() - before, 1)
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        return "killed", "no end", seconds
    if code < 0:
        return "killed", f"signal {-code}", seconds
    return ("survived" if code == 0 else "killed"), answer, seconds


def _run(tests: list[str], copy: Path, limit: float, pipe: int) -> None:
    code = 1
    try:
        used = time.process_time()
        resource.setrlimit(resource.RLIMIT_CPU, (int(used + limit), int(used + limit) + 5))
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        os.chdir(copy)
        os.environ["PYTHONPATH"] = str(copy)
        sys.path.insert(0, str(copy))
        failure = FirstFailure()
        options = ["-x", "-q", "-p", "no:cacheprovider", "--rootdir", str(ROOT), "-c", str(ROOT / "pyproject.toml")]
        code = int(pytest.main([*options, *tests], plugins=[failure]))
        if str(copy) not in str(importlib.import_module(PACKAGE).__file__):
            code, failure.name = 9, "the tests read another copy of the package"
        os.write(pipe, failure.name.encode())
    finally:
        os._exit(code)


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def try_all(chosen: list[Mutant], out: Path, seconds: float) -> None:
    """Try the mutants that `out` does not hold until so many CPU seconds are used; adds a line for each."""
    known = {tuple(line["mutant"].values()) for line in read(out)}
    unmutated = {line["file"]: line["seconds"] for line in read(out, "unmutated")}
    for module in HEAVY:
        importlib.import_module(module)
    with tempfile.TemporaryDirectory() as scratch, out.open("a", encoding="utf-8") as lines:
        copy = Path(scratch)
        shutil.copytree(ROOT / PACKAGE, copy / PACKAGE, ignore=shutil.ignore_patterns("__pycache__"))
        begun = _children_seconds()
        for mutant in chosen:
            if tuple(asdict(mutant).values()) in known:
                continue
            if _children_seconds() - begun > seconds:
                return
            tests = tests_of(mutant.file)
            if mutant.file not in unmutated:
                outcome, test, took = tried(tests, copy, 3600)
                _add(
                    lines,
                    {"question": "unmutated", "file": mutant.file, "outcome": outcome, "by": test, "seconds": took},
                )
                if outcome != "survived":
                    raise SystemExit(f"{mutant.file}: its tests fail without a mutant: {test}")
                unmutated[mutant.file] = took
            path = copy / PACKAGE / mutant.file
            whole = path.read_bytes()
            path.write_bytes(whole[: mutant.start] + mutant.after.encode() + whole[mutant.end :])
            outcome, test, took = tried(tests, copy, 5 * unmutated[mutant.file] + SPARE_SECONDS)
            path.write_bytes(whole)
            _add(
                lines, {"question": "mutant", "mutant": asdict(mutant), "outcome": outcome, "by": test, "seconds": took}
            )


def _add(lines: Any, line: dict[str, Any]) -> None:
    lines.write(json.dumps(line) + "\n")
    lines.flush()


def read(out: Path, question: str = "mutant") -> list[dict[str, Any]]:
    if not out.is_file():
        return []
    lines = [json.loads(text) for text in out.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line["question"] == question]


def summary(lines: list[dict[str, Any]]) -> str:
    """How many were killed, and each survivor."""
    counts = Counter(line["outcome"] for line in lines)
    said = [f"{len(lines)} mutants: {counts['killed']} killed, {counts['survived']} survived"]
    for line in lines:
        if line["outcome"] == "survived":
            mutant = line["mutant"]
            said.append(f"{mutant['file']}:{mutant['line']}: {mutant['before']}  ->  {mutant['after']}")
    return "\n".join(said)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--files", default="*", help="of those drawn, only mutants of such files, as in runtime/*")
    parser.add_argument(
        "--seconds", type=float, default=float("inf"), help="CPU seconds after which no mutant is begun"
    )
    parser.add_argument("--summary", action="store_true", help="only say what the file holds")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    if not options.summary:
        os.environ["OMP_NUM_THREADS"] = "1"
        os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
        sys.dont_write_bytecode = True
        drawn = draw(options.count, options.seed)
        try_all([mutant for mutant in drawn if fnmatch(mutant.file, options.files)], options.out, options.seconds)
    print(summary(read(options.out)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
