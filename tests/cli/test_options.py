"""Settings as options: a tuple of any length is values with commas between."""

import click
import pytest

from disentangle_eval.cli.options import field_options, given_values, show_defaults
from disentangle_eval.config import Config, Field, build


class Deep(Config):
    hidden: tuple[int, ...] = Field((64, 64), description="units of each hidden layer")
    betas: tuple[float, float] = Field((0.5, 0.9), description="a fixed pair")
    decay: float | None = Field(0.9, ge=0, description="a number or nothing")


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


def test_none_is_typed_for_a_setting_without_a_value():
    assert parsed()[0] == {}
    given, shown = parsed("--decay", "none")
    assert given == {"decay": None}
    assert "--decay FLOAT|NONE" in shown
    assert parsed("--decay", "0.5")[0] == {"decay": 0.5}
    with pytest.raises(click.BadParameter, match="'nothing' is not a valid float"):
        parsed("--decay", "nothing")
