"""Plugins that raise, exit, print, lie, or change process-wide settings: what they cost other commands."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from disentangle_eval.cli.main import main
from fault_scenarios.hostile_plugin import HOOKS, Fault, faults, source
from fault_scenarios.processes import FAULT, Outcome, in_a_child, killed_after

DEADLINE = 300.0  # seconds for one command
TINY = ("--iterations=2", "--batch-size=4", "--log-every=1", "--device=cpu", "--threads=1")
NO_FAULT = Fault("import", "pass", "harmless")


def hostile(folder: Path, count: int) -> Counter[Outcome]:
    """Use one hostile plugin after the other, and behind it what is not its own."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    np.savez(folder / "images.npz", images=rng.integers(256, size=(8, 8, 8), dtype=np.uint8))
    np.savez(folder / "codes.npz", codes=rng.normal(size=(60, 3)), factor_sizes=[3, 4, 5])
    (folder / "neighbour.py").write_text(source(NO_FAULT, "neighbour", "neighbour"))
    alone = _Use(folder, NO_FAULT, 0)
    expected = alone.others()
    found: Counter[Outcome] = Counter()
    every = list(faults())
    tried = min(count, len(every))
    for number, fault in enumerate((every[n * len(every) // tried] for n in range(tried)), start=1):
        used = _Use(folder, fault, number)
        wrong = next(used.wrong(expected), None)
        found[f"{FAULT}{fault.place}: {fault.code[:60]}: {wrong}" if wrong else f"{fault.place}: {fault.ending}"] += 1
    return found


class _Use:
    """The commands that come to a fault, in a folder of their own."""

    def __init__(self, folder: Path, fault: Fault, number: int) -> None:
        self.data = folder
        self.folder = folder / str(number)
        self.folder.mkdir()
        self.fault = fault
        self.file = self.folder / f"hostile{number}.py"
        self.file.write_text(source(fault, self.file.stem, "hostile"))
        self.line = re.compile(rf"\b{self.file.stem}\.py:\d+")

    def deval(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, stdout and stderr of a command with the hostile plugin and its neighbour."""
        out, err = self.folder / "out", self.folder / "err"

        def run() -> None:
            killed_after(DEADLINE)
            os.dup2(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666), 1)
            os.dup2(os.open(err, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666), 2)
            os.chdir(self.folder)
            plugins = [f"--plugins={path}" for path in (self.data / "neighbour.py", self.file)]
            try:
                main([*plugins, *arguments])
            except SystemExit as ended:
                os._exit(ended.code if isinstance(ended.code, int) else 99)

        code = in_a_child(run)
        return code, out.read_text(errors="replace"), err.read_text(errors="replace")

    def commands(self) -> Iterator[Sequence[str]]:
        """Those that run the code of the fault's place."""
        place = self.fault.place
        train = ("train", "hostile", f"--dataset=npz:{self.data}/images.npz", "--out=run", *TINY)
        if place in ("import", *HOOKS):
            yield ("plugins",)
        elif place in ("dataset", "images"):
            yield ("train", "neighbour", "--dataset=hostile-data", "--out=run", *TINY)
        elif place in ("metric", "score"):
            yield ("score", f"{self.data}/codes.npz", "--metric=hostile-metric")
        else:
            yield train
            if place in ("encode", "model"):
                yield ("score", "run", "--metric=unsupervised")
            if place in ("generate", "model"):
                yield ("sample", "run", "--out=samples.png")

    def others(self) -> dict[str, str]:
        """What commands print that concern other plugins: the same numbers, whatever a hostile one does."""
        outputs = {}
        metrics = "hostile-metric,mig,sap" if self.fault.place == "score" else "mig,sap"
        for name, arguments, shown in (
            ("models", ("models",), _rows("vae", "neighbour")),
            ("score", ("score", f"{self.data}/codes.npz", f"--metric={metrics}", "--json"), _values),
            ("train", ("train", "neighbour", f"--dataset=npz:{self.data}/images.npz", "--out=other", *TINY), str.strip),
        ):
            code, out, err = self.deval(*arguments)
            code = 0 if name == "score" and self.fault.place == "score" else code  # its own score may well fail
            outputs[name] = f"{code} {shown(out)}{' and a traceback' * ('Traceback' in err)}"
        outputs["log"] = _text(self.folder / "other" / "log.jsonl")
        return outputs

    def wrong(self, expected: dict[str, str]) -> Iterator[str]:
        """What is not as it should be."""
        endings = []
        for arguments in self.commands():
            code, out, err = self.deval(*arguments)
            if code < 0 or code > 2:
                yield f"{arguments[0]} ended with {code}: {err[-200:]!r}"
            if "Traceback" in err or "HOSTILE" in out or "\x1b[31m" in out + err:
                yield f"{arguments[0]} let through {(out + err)[-300:]!r}"
            said = [line for line in err.splitlines() if line.startswith("error:")]
            if code and len(said) != 1:
                yield f"{arguments[0]} ended with {code} and {len(said)} errors: {err[-300:]!r}"
            endings.append((code, out + err))
        failed = [text for code, text in endings if code]
        shown = " ".join(text for _, text in endings)
        if self.fault.ending == "named" and not self.line.search(shown.replace("\n", " ")):
            yield f"its file and line are not named: {shown[-300:]!r}"
        if self.fault.ending == "named" and self.fault.place not in ("import", *HOOKS) and not failed:
            yield f"it had no effect: {shown[-200:]!r}"
        if self.fault.ending == "harmless" and failed:
            yield f"it ended in {failed[0][-300:]!r}"
        for name, printed in self.others().items():
            if printed != expected[name]:
                yield f"{name} of others: {printed[:300]!r}, expected {expected[name][:200]!r}"


def _rows(*names: str) -> Callable[[str], str]:
    """The names among the first words of lines."""
    return lambda out: " ".join(name for name in names if re.search(rf"^{name}\b", out, re.MULTILINE))


def _values(out: str) -> str:
    """The values of scores that are not the hostile plugin's."""
    lines = [line for line in out.splitlines() if '"metric": "hostile-metric"' not in line]
    return " ".join(re.findall(r'^{"metric": "\w+"|"value": [0-9.e-]+|^[^{].*', "\n".join(lines), re.MULTILINE))


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else "none"
