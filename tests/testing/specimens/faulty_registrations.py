"""An entry module that imports torch along with its records."""

import torch  # noqa: F401
from specimens.sound import register_models  # noqa: F401
