"""Studies that train for a few iterations."""

from unittest.mock import patch

from disentangle_eval.study import trial
from disentangle_eval.study.reading import study_of


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


class Here:
    """Runs jobs one after another in this process and leaves plots empty; all else is as it is with `Processes`."""

    def run(self, jobs):
        for job in jobs:
            arguments = job.command()[3:]  # behind "python -m MODULE"
            with patch.object(trial, "end_with_parent"), patch("disentangle_eval.report.style.save_figure", touch):
                code = trial.main(arguments)
            yield job, code


def touch(path, figure):
    path.touch()


# Long enough to be cut off on the way.
LONGER = {"iterations": 300, "checkpoint_every": 10}
