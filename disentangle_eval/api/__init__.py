"""The interfaces: abilities of models, data sets, rounds of training, and subjects of metrics.

Shapes: B batch, C H W image, Z latent, K code.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from disentangle_eval.api.abilities import (
        Bottleneck,
        Classifier,
        Decoder,
        Draw,
        Encoder,
        Generator,
        Likelihood,
        LowerBound,
        Pictured,
        Posterior,
        Reconstructor,
        Samples,
        Traversable,
        Traversal,
    )
    from disentangle_eval.api.data import Dataset, FactorGrid, Factors, ImageShape, Nuisance, TrainingPart
    from disentangle_eval.api.judging import Metric, Scores, Subject
    from disentangle_eval.api.training import (
        CosineDecay,
        Group,
        LinearWarmUp,
        Losses,
        Model,
        Optim,
        Player,
        PolynomialDecay,
        Round,
        Schedule,
        Step,
    )

__all__ = [
    "Bottleneck",
    "Classifier",
    "CosineDecay",
    "Dataset",
    "Decoder",
    "Draw",
    "Encoder",
    "FactorGrid",
    "Factors",
    "Generator",
    "Group",
    "ImageShape",
    "Likelihood",
    "LinearWarmUp",
    "Losses",
    "LowerBound",
    "Metric",
    "Model",
    "Nuisance",
    "Optim",
    "Pictured",
    "Player",
    "PolynomialDecay",
    "Posterior",
    "Reconstructor",
    "Round",
    "Samples",
    "Schedule",
    "Scores",
    "Step",
    "Subject",
    "TrainingPart",
    "Traversable",
    "Traversal",
]

_MODULES = {
    "Bottleneck": "abilities",
    "Classifier": "abilities",
    "CosineDecay": "training",
    "Dataset": "data",
    "Decoder": "abilities",
    "Draw": "abilities",
    "Encoder": "abilities",
    "FactorGrid": "data",
    "Factors": "data",
    "Generator": "abilities",
    "Group": "training",
    "ImageShape": "data",
    "Likelihood": "abilities",
    "LinearWarmUp": "training",
    "Losses": "training",
    "LowerBound": "abilities",
    "Metric": "judging",
    "Model": "training",
    "Nuisance": "data",
    "Optim": "training",
    "Pictured": "abilities",
    "Player": "training",
    "PolynomialDecay": "training",
    "Posterior": "abilities",
    "Reconstructor": "abilities",
    "Round": "training",
    "Samples": "abilities",
    "Schedule": "training",
    "Scores": "judging",
    "Step": "training",
    "Subject": "judging",
    "TrainingPart": "data",
    "Traversable": "abilities",
    "Traversal": "abilities",
}


def __getattr__(name: str) -> Any:
    # Only training needs torch; a table of codes is judged without it.
    if name in _MODULES:
        return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
