"""Studies that train for a few iterations."""

from disentangle_eval.study.design import study_of


def study(grid, **changes):
    return study_of(
        {
            "name": "tiny",
            "dataset": grid,
            "iterations": 3,
            "log_every": 1,
            "checkpoint_every": 1,
            "metrics": ["mig"],
            "models": [{"model": "vae", "batch_size": 4, "hidden": 16}],
            **changes,
        }
    )


# Long enough to be cut off on the way.
LONGER = {"iterations": 300, "checkpoint_every": 10}
