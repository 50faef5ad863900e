"""No line of the package, its plugins or its benchmarks lets a file run code when it is read; see SECURITY.md."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = [path for folder in ("disentangle_eval", "plugins", "benchmarks") for path in (ROOT / folder).rglob("*.py")]

# Exported programs, which are trusted: a user names them.
PROGRAMS = {"disentangle_eval/runtime/programs.py"}


def faults(source: str) -> list[str]:
    """What a file could run code by, with the number of the line."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
        if given.get("allow_pickle", "False") != "False" or given.get("weights_only", "True") != "True":
            found.append(f"line {node.lineno}: {name} unpickles")
        if name == "torch.load" and "weights_only" not in given:
            found.append(f"line {node.lineno}: torch.load without weights_only=True")
        if name in ("np.load", "numpy.load") and "allow_pickle" not in given:
            found.append(f"line {node.lineno}: {name} without allow_pickle=False")
        if name in ("pickle.load", "pickle.loads", "pickle.Unpickler", "marshal.loads", "joblib.load", "yaml.load"):
            found.append(f"line {node.lineno}: {name}")
        if name in ("eval", "exec", "torch.jit.load", "torch.export.load", "torch.package.PackageImporter"):
            found.append(f"line {node.lineno}: {name}")
    return found


def is_allowed(path: Path) -> bool:
    return path.relative_to(ROOT).as_posix() in PROGRAMS


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_file_is_executed(path):
    found = faults(path.read_text(encoding="utf-8"))
    if is_allowed(path):
        assert all("torch.jit.load" in fault or "torch.export.load" in fault for fault in found)
    else:
        assert found == []


@pytest.mark.parametrize(
    "line",
    [
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "np.load(path, allow_pickle=True)",
        "np.load(path)",
        "read_array(member, allow_pickle=flag)",
        "pickle.loads(text)",
        "yaml.load(text)",
        "eval(text)",
    ],
)
def test_a_line_that_could_is_found(line):
    assert len(faults(line)) >= 1
