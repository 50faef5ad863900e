"""Encoding every image of a data set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from disentangle_eval.errors import UsageError
from disentangle_eval.interface.order import MODEL, refuse_number, refuse_swapped
from disentangle_eval.interface.paths import PathLike, expanded

if TYPE_CHECKING:
    import numpy as np

    from disentangle_eval.api import Dataset


def encode(
    model: Any,
    data: Dataset | str | None = None,
    *,
    data_dir: PathLike | None = None,
    device: str = "auto",
    progress: bool = False,
) -> dict[str, np.ndarray]:
    """The codes of every image of a data set with what is known of the images, as arrays by name.

    `model` is a run or any source that `load_model` takes; `data` is by default what it was trained on. The arrays are
    `codes` (N, K) float32 in the order of the images; `log_variance` (N, K), where the codes are the means of normal
    posteriors under a standard normal prior; `factors` (N, F), the values of each image where they are known;
    else `factor_sizes` (F,) where the images are a full grid in which the last factor varies fastest, or `factors`
    (N, F), the classes of each image; `factor_names` (F,); `labels` (N,); and `code_classes` (K,), the number of
    classes of a categorical column and 0 for a column of real numbers. `score` takes them, and `deval score --codes`
    reads them from an `.npz` file.

    With `progress` a terminal shows a bar with the time left.

    Raises `UsageError` for a model without an encoder and for a data set whose images have another shape.

    Example::

        table = de.encode(model, "dsprites")
        np.savez("codes.npz", **table)
        de.score(**table, metrics="mig")
    """
    from disentangle_eval.metrics.code_arrays import code_arrays
    from disentangle_eval.runtime.progress_bar import shown_progress
    from disentangle_eval.sources.opened import open_source
    from disentangle_eval.sources.subjects import subject_for

    refuse_number("first argument of de.encode", model, MODEL, 'de.encode(model, "dsprites")')
    refuse_swapped("encode", model, data)
    on = subject_for(open_source(model, device), data, expanded(data_dir))
    if "encoder" not in on.subject.offered:
        raise UsageError(f"{on.name}: no encoder", expected="a model with `code` and `encode`")
    with shown_progress(progress):
        return code_arrays(on.subject)
