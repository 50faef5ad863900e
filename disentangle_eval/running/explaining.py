"""What the code of a plugin raises, as an error that says which line to change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from disentangle_eval.config import ModelConfig
from disentangle_eval.errors import DevalError, PluginError, is_broken_pipe, is_out_of_memory

if TYPE_CHECKING:
    from disentangle_eval.api import ImageShape


@contextmanager
def explaining(model: str, cfg: ModelConfig, shape: ImageShape) -> Iterator[None]:
    """Within, an exception of a plugin becomes a `DevalError` that says which line to change, as `deval check` does.

    Any other `DevalError`, a lack of memory and a closed output pass through unchanged.
    """
    try:
        yield
    except (Exception, SystemExit) as error:
        if (
            is_broken_pipe(error)
            or is_out_of_memory(error)
            or (isinstance(error, DevalError) and not isinstance(error, PluginError))
        ):
            raise
        from disentangle_eval.testing.diagnosis import diagnosis

        raise diagnosis(model, cfg, shape, error) from error
