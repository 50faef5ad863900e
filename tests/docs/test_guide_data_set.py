"""The data set of one module in the plugin guide: it needs neither torch nor numpy to be listed, and it loads."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import torch
from doc_pages import blocks

from disentangle_eval.data import FactorSpace

ROOMS = next(block for block in blocks("plugin-guide.md", "python") if block.startswith("# deval_rooms.py"))


def test_listing_it_imports_nothing_heavy(tmp_path):
    (tmp_path / "deval_rooms.py").write_text(ROOMS)
    code = "import sys, deval_rooms; print([s.name for s in deval_rooms.register_datasets()], 'numpy' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert answer.stdout == "['rooms'] False\n"


def test_it_loads_what_its_spec_says(tmp_path, monkeypatch):
    monkeypatch.setenv("DEVAL_CACHE", str(tmp_path / "cache"))
    module = {"__name__": "deval_rooms"}
    exec(compile(ROOMS, "deval_rooms.py", "exec"), module)
    (spec,) = module["register_datasets"]()
    small = replace(spec, images=8, factors="floor 2, wall 2, object 2")
    pixels = np.random.default_rng(0).integers(256, size=(8, 64, 64, 3), dtype=np.uint8)
    (tmp_path / "rooms").mkdir()
    np.savez(tmp_path / "rooms" / "rooms.npz", images=pixels)
    data = module["load"](small, tmp_path)
    assert (data.name, data.shape, data.factors) == ("rooms", (3, 64, 64), FactorSpace.parse(small.factors))
    np.testing.assert_array_equal(data.images(torch.arange(8)) * 255, np.moveaxis(pixels, -1, 1))
