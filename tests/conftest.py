"""Distributions of `tests/dists` put on the path as pip would leave them, without pip."""

import shutil
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from disentangle_eval.registry.lookup import load_registry

DISTS = Path(__file__).parent / "dists"


def write_distribution(source: Path, site: Path) -> None:
    """Copies the modules of a distribution into a folder and writes the metadata next to them."""
    shutil.copytree(source, site, dirs_exist_ok=True, ignore=shutil.ignore_patterns("pyproject.toml", "__pycache__"))
    project = tomllib.loads((source / "pyproject.toml").read_text())["project"]
    metadata = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    entries = "".join(f"{name} = {target}\n" for name, target in project["entry-points"]["deval"].items())
    (metadata / "entry_points.txt").write_text(f"[deval]\n{entries}")


@pytest.fixture
def unrendered_plots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plots of runs trained in this process are empty files: rendering them takes longer than a few iterations.

    tests/report looks at plots, and runs of other processes have theirs.
    """
    monkeypatch.setattr("disentangle_eval.report.style.save_figure", lambda path, figure: path.write_bytes(b""))


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """`install("deval-good", ...)` puts distributions of `tests/dists` first on sys.path, and returns their folder.

    A distribution elsewhere is named by its path.
    """
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.delenv("DEVAL_STRICT_PLUGINS", raising=False)
    modules = set(sys.modules)

    def put(*names: str | Path) -> Path:
        for name in names:
            write_distribution(DISTS / name, site)
        monkeypatch.syspath_prepend(site)
        load_registry.cache_clear()
        return site

    yield put
    for name in set(sys.modules) - modules:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]
    load_registry.cache_clear()
