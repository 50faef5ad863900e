"""`deval new`: a plugin to start from."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click

from disentangle_eval.cli.echo import note, print_path
from disentangle_eval.errors import UsageError


@click.command()
@click.argument("name")
@click.option("--kind", type=click.Choice(["model", "metric", "dataset"]), default="model", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write.  [default: deval-NAME]")
def new(name: str, kind: str, out: Path | None) -> None:
    """Write an installable plugin called NAME, with tests, README and CI, that passes its tests as it is."""
    from disentangle_eval.cli.new_templates import files_of
    from disentangle_eval.registry.lookup import load_registry
    from disentangle_eval.runtime.files import make_folder, write_atomically

    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        raise UsageError("NAME", received=repr(name), expected="lower-case words joined by -, such as my-vae")
    if name.startswith("deval-"):
        raise UsageError("NAME", received=repr(name), expected="a name without deval-, which its distribution adds")
    registry = load_registry()
    taken = {"model": registry.models, "metric": registry.metrics, "dataset": registry.datasets}[kind]
    if name in taken:
        raise UsageError("NAME", received=f"{name!r}, which {taken[name].distribution} has", expected="another name")
    folder = out or Path(f"deval-{name}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError("--out", received=f"{str(folder)!r}, which exists", expected="a new or empty folder")
    for path, text in files_of(kind, name).items():
        make_folder((folder / path).parent)
        write_atomically(folder / path, lambda file, text=text: file.write(text.encode()))  # type: ignore[misc]
    print_path(folder)
    quoted = shlex.quote(str(folder))
    note(f"next: python -m pip install -e {quoted} pytest && python -m pytest -q {quoted}")
