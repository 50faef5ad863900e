"""One of several seeds, as a process of its own that saves itself and ends when the one that started it is gone.

python -m disentangle_eval.cli.seed_process PARENT ARGUMENTS...
"""

from __future__ import annotations

import sys

from disentangle_eval.cli.main import main
from disentangle_eval.runtime.signals import end_with_parent

if __name__ == "__main__":
    end_with_parent(int(sys.argv[1]))
    main(sys.argv[2:])
