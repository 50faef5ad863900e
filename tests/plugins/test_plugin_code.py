"""What a plugin's code does to the process costs no other code."""

import logging
import os
import sys
import warnings

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
        (lambda: np.seterr(all="raise"), "NumPy's handling of errors"),
        (lambda: os.chdir("/"), "the working folder"),
        (lambda: sys.setrecursionlimit(2000), "the recursion limit"),
    ],
)
def test_what_a_process_has_one_of_is_put_back_with_a_warning(change, named, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
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


def test_a_plugin_that_takes_long_to_load_is_named(install, monkeypatch, caplog):
    site = install("deval-good")
    with (site / "deval_good" / "__init__.py").open("a") as module:
        module.write("import time\ntime.sleep(0.3)\n")
    monkeypatch.setattr(manager, "PATIENCE_SECONDS", 0.05)
    with caplog.at_level(logging.WARNING):
        load_plugins()
    assert "plugin 'good' of deval-good 1.2: deval_good is still being loaded" in caplog.text
