"""Mistakes collected, so that all are named before anything starts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ParamSpec, TypeVar

from disentangle_eval.errors import DevalError, UsageError

P = ParamSpec("P")
T = TypeVar("T")


class StudyError(UsageError):
    """Everything that is wrong with a study, found before anything starts."""

    def __init__(self, errors: Sequence[DevalError]) -> None:
        self.errors = tuple(errors)
        count = "1 error" if len(self.errors) == 1 else f"{len(self.errors)} errors"
        super().__init__(f"study: {count}: " + "; ".join(str(error) for error in self.errors))


def collecting(errors: list[DevalError], make: Callable[P, T], *arguments: P.args, **keywords: P.kwargs) -> T | None:
    """What `make` returns for its arguments, or None where it raises a `DevalError`, which joins the list."""
    try:
        return make(*arguments, **keywords)
    except StudyError as several:
        errors.extend(several.errors)
    except DevalError as error:
        errors.append(error)
    return None


def collecting_at(
    where: str, errors: list[DevalError], make: Callable[P, T], *arguments: P.args, **keywords: P.kwargs
) -> T | None:
    """As `collecting`; `where`, such as a key of a study file, begins every error."""
    own: list[DevalError] = []
    made = collecting(own, make, *arguments, **keywords)
    errors += [error.inside(where) for error in own]
    return made
