"""Listing a model and showing its options need no slow import."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from disentangle_eval.errors import one_line
from disentangle_eval.testing.failure import ConformanceFailure, NotChecked

SLOW = ("torch", "torchvision", "scipy", "sklearn", "matplotlib", "tensorflow", "jax")

_SCRIPT = """
import importlib, json, sys
from importlib.metadata import EntryPoint
from pathlib import Path
import pluggy
from disentangle_eval.registry import hookspecs
entry, config, slow = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
manager = pluggy.PluginManager(hookspecs.PROJECT)
manager.add_hookspecs(hookspecs)
if entry.endswith(".py"):
    sys.path.insert(0, str(Path(entry).parent))
    entry = Path(entry).stem
manager.register(EntryPoint("candidate", entry, hookspecs.PROJECT).load())
for hook in ("register_models", "register_metrics", "register_datasets"):
    for specs in getattr(manager.hook, hook)():
        list(specs)
by_entry = [name for name in slow if name in sys.modules]
try:
    importlib.import_module(config)
except Exception:
    pass  # the check of the settings reports it
by_config = [name for name in slow if name in sys.modules]
print(json.dumps([by_entry, by_config]))
"""


def check_registration_imports_no_torch(candidate: Any) -> None:
    """The entry module with its hooks, and the module of the settings, import neither torch nor anything as slow.

    A fresh interpreter does both, so that what this process has already imported does not matter.
    """
    check = "registration_imports_no_torch"
    if candidate.entry.endswith(".py"):
        raise NotChecked("a plugin in one file imports torch with its specs; an installed one keeps them apart")
    # A data set may have no settings.
    config = candidate.registered.spec.config.partition(":")[0] or candidate.entry
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, candidate.entry, config, json.dumps(SLOW)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        last = one_line((done.stderr.strip() or f"exit code {done.returncode}").splitlines()[-1])
        raise ConformanceFailure(
            check,
            f"{last} on importing {candidate.entry!r} alone",
            "an entry module that imports in a fresh interpreter",
            "import there only what it uses, and list that among the distribution's dependencies",
        )
    by_entry, by_config = json.loads(done.stdout.splitlines()[-1])
    for module, slow in ((candidate.entry, by_entry), (config, by_config)):
        if slow:
            raise ConformanceFailure(
                check,
                f"{', '.join(slow)} imported by {module!r}",
                "specs and settings that import nothing slow, so that listing models is instant",
                "move networks and losses to the module that `target` names; leave specs and settings alone here",
            )
