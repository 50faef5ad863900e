"""What a plugin's code does to the process costs no other code."""

import logging
import os
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from disentangle_eval.errors import DevalWarning, PluginError
from disentangle_eval.registry import manager
from disentangle_eval.registry.manager import load_plugins
from disentangle_eval.registry.plugin_code import plugin_code, settings_of_process


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda: torch.set_default_dtype(torch.float64), "torch's default type"),
        (lambda: torch.set_default_device("meta"), "torch's default device"),
        (lambda: torch.set_grad_enabled(False), "torch's gradient mode"),
        (lambda: torch.set_num_threads(torch.get_num_threads() + 1), "torch's number of threads"),
        (lambda: torch.use_deterministic_algorithms(True), "torch's choice of algorithms"),
        (lambda: torch.use_deterministic_algorithms(True, warn_only=True), "torch's choice of algorithms"),
        (lambda: np.seterr(all="raise"), "NumPy's handling of errors"),
        (lambda: os.chdir("/"), "the working folder"),
        (lambda: sys.setrecursionlimit(2000), "the recursion limit"),
    ],
)
def test_process_wide_settings_are_put_back_with_a_warning(change, named, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("disentangle_eval.registry.plugin_code._SAID", set())
    before = settings_of_process()
    with pytest.warns(DevalWarning, match=f"plugin 'x' changed {named}; put back"), plugin_code("plugin 'x'"):
        change()
    assert settings_of_process() == before


def test_prints_filters_of_warnings_and_an_exit_stay_within(capsys):
    def exits():
        with plugin_code("plugin 'y'"):
            print("hello")
            warnings.simplefilter("error")
            sys.stdout = sys.stderr = None
            sys.exit(0)

    filters = list(warnings.filters)
    with pytest.raises(PluginError, match=r"plugin 'y': SystemExit: 0 at test_plugin_code.py:\d+"):
        exits()
    assert warnings.filters == filters
    print("still here")
    assert capsys.readouterr() == ("still here\n", "hello\n")


def test_settings_of_modules_that_a_plugin_imports_first_are_put_back(tmp_path):
    plugin = tmp_path / "first.py"
    plugin.write_text(
        "import numpy, torch\n"
        "torch.use_deterministic_algorithms(True)\n"
        "torch.set_default_dtype(torch.float64)\n"
        "numpy.seterr(all='raise')\n"
    )
    program = (
        "from disentangle_eval.registry.lookup import load_registry; load_registry(); import numpy, torch\n"
        "print(torch.are_deterministic_algorithms_enabled(), torch.get_default_dtype(), numpy.geterr()['over'])"
    )
    environment = {**os.environ, "DEVAL_PLUGINS": str(plugin)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout == "False torch.float32 warn\n"
    assert "changed NumPy's handling of errors, torch's default type, torch's choice of algorithms" in done.stderr


def test_outside_the_main_thread_only_an_exit_is_caught(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inner").mkdir()
    entered, left = threading.Event(), threading.Event()
    caught = []

    def other():
        try:
            with plugin_code("plugin 'z'"):
                entered.set()
                left.wait(10)
                sys.exit(3)
        except PluginError as error:
            caught.append(str(error))

    thread, stdout = threading.Thread(target=other), sys.stdout
    thread.start()
    entered.wait(10)
    os.chdir("inner")
    assert sys.stdout is stdout
    left.set()
    thread.join(10)
    assert Path.cwd().name == "inner"
    assert len(caught) == 1


def test_a_plugin_that_takes_long_to_load_is_named(install, monkeypatch, caplog):
    site = install("deval-good")
    with (site / "deval_good" / "__init__.py").open("a") as module:
        module.write("import time\ntime.sleep(0.3)\n")
    monkeypatch.setattr(manager, "PATIENCE_SECONDS", 0.05)
    with caplog.at_level(logging.WARNING):
        load_plugins()
    assert "plugin 'good' of deval-good 1.2: deval_good has been loading for 0.05 seconds" in caplog.text
