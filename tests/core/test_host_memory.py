"""Freed tensors are reused, so that an iteration pays no page faults for its activations."""

import mmap
import subprocess
import sys

import pytest

# Two images' worth of activations are freed and made again, as in every iteration, next to one that stays.
FAULTS = """
import resource
import torch
from disentangle_eval.runtime.host_memory import keep_freed_memory

{call}

def iteration():
    first = torch.ones(2**21)
    kept = [torch.ones(2**20 + i) for i in range(4)]
    del first, kept

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

for _ in range(3):
    iteration()
before = faults()
for _ in range(10):
    iteration()
print(faults() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's malloc is tuned, nothing elsewhere")
def test_activations_are_not_paid_for_in_page_faults() -> None:
    # The heap may still grow by a block or two; without reuse, each of ten iterations touches all six blocks anew.
    block = 2**20 * 4 // mmap.PAGESIZE
    assert _faults("assert keep_freed_memory()") < 10 * 6 * block / 10


def _faults(call: str) -> int:
    code = FAULTS.format(call=call)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return int(done.stdout)
