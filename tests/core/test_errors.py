"""An exception of somebody else's code on one line, whatever it is."""

import pytest

from disentangle_eval.errors import INTERPRETED, describe


class UnprintableError(Exception):
    def __str__(self):
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("one"), "ValueError: one"),
        (ValueError("one\n  two\x1b[31m"), "ValueError: one two\\x1b[31m"),
        (KeyError(), "KeyError"),
        (UnprintableError(), "UnprintableError (its message cannot be printed)"),
        (
            RuntimeError(f"{INTERPRETED}\n  code\n    code\nRuntimeError: sizes differ\n"),
            "RuntimeError: sizes differ",
        ),
    ],
)
def test_an_error_is_its_type_and_message_on_one_line(error, said):
    assert describe(error) == said
