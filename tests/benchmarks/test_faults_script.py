"""The short form of benchmarks/faults.py finds no fault; the long one is run by hand, see docs/reliability.md."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "faults.py"


def test_the_short_form_finds_no_fault():
    done = subprocess.run([sys.executable, SCRIPT, "--short"], capture_output=True, text=True, check=False)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line for line in lines if line["faults"]] == []
    assert done.returncode == 0, done.stderr
    assert all(line["tried"] for line in lines)
    assert [line["scenario"] for line in lines if not line["scenario"].startswith("mutated")] == [
        "kills at chosen moments",
        "kills at random moments",
        "full disks",
        "hostile plugins",
        "servers that lie",
    ]
    assert len(lines) == 12
