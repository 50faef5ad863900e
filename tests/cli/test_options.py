"""Settings as options: a tuple of any length is values with commas between."""

import click
import pytest

from disentangle_eval.cli.options import field_options, given_values, show_defaults
from disentangle_eval.config import Config, Field, build


class Deep(Config):
    hidden: tuple[int, ...] = Field((64, 64), description="units of each hidden layer")
    betas: tuple[float, float] = Field((0.5, 0.9), description="a fixed pair")


def parsed(*arguments):
    options = field_options(Deep)
    show_defaults(options, Deep().model_dump())
    command = click.Command("deep", params=options)
    context = command.make_context("deep", list(arguments))
    return given_values(context.params, Deep), command.get_help(context)


@pytest.mark.parametrize(("text", "value"), [("32", (32,)), ("32,16,8", (32, 16, 8)), ("", ())])
def test_values_with_commas_between_are_a_tuple(text, value):
    given, _ = parsed("--hidden", text)
    assert build(Deep, given).hidden == value


def test_help_shows_them_as_they_are_typed_and_a_wrong_one_is_refused():
    given, shown = parsed("--betas", "0.1", "0.2")
    assert given == {"betas": (0.1, 0.2)}
    assert "[default: 64,64]" in shown
    with pytest.raises(click.BadParameter, match="'x' is not a valid integer"):
        parsed("--hidden", "32,x")
