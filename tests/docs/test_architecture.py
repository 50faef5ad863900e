"""The architecture page names what is there: every module at the root, every file of its tables and every level."""

import re
import tomllib
from pathlib import Path

from doc_pages import PAGES, tables_of

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "disentangle_eval"
PAGE = "architecture.md"


def test_the_tree_has_every_module_at_the_root():
    tree = PAGES[PAGE].split("```text")[1].split("```")[0]
    there = {
        path.name + "/" * path.is_dir() for path in PACKAGE.iterdir() if path.name not in ("__pycache__", "py.typed")
    }
    assert {name for name in there if not re.search(rf"(^|\s){re.escape(name)}", tree)} == set()


def test_files_of_the_table_of_changes_exist():
    (table,) = tables_of(PAGE, "to", "open")
    named = {name for _, cell, _ in table[1:] for name in re.findall(r"[\w./-]+(?:\.py|/)", cell) if name.islower()}
    assert named
    places = (PACKAGE, ROOT)
    assert [name for name in named if not any((place / name).exists() for place in places)] == []


def test_levels_are_those_of_the_contracts():
    (table,) = tables_of(PAGE, "level", "modules")
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    assert [set(re.split(r", ", cells)) for _, cells, _ in table[1:]] == [
        set(re.split(r" [:|] ", layer)) for layer in layers
    ]
