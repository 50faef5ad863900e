"""Prints the oldest versions that pyproject.toml allows, as requirements; torch as constraints.txt has it.

Other builds of torch are large, and which one fits depends on the machine.
"""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
TESTED_WITH = ("pytest", "pytest-xdist", "hypothesis")
NEWEST = ("torch", "torchvision")


def oldest() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    tools = [line for line in project["optional-dependencies"]["dev"] if line.partition(">=")[0] in TESTED_WITH]
    bounds = [line.replace(">=", "==") for line in [*project["dependencies"], *tools]]
    pinned = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [
        *(line for line in bounds if line.partition("==")[0] not in NEWEST),
        *(line for line in pinned if line.partition("==")[0] in NEWEST),
    ]


if __name__ == "__main__":
    print("\n".join(oldest()))
