"""`deval check`: whether a plugin's model, metric or data set keeps the promises of the plugin interface."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from disentangle_eval.cli.arguments import data_dir_option
from disentangle_eval.cli.completion import complete_plugins
from disentangle_eval.cli.errors import DEBUG
from disentangle_eval.cli.table import as_json_option, print_json
from disentangle_eval.errors import UsageError, did_you_mean, one_line
from disentangle_eval.registry.lookup import load_registry, where_to_look
from disentangle_eval.registry.names import parse_dataset

if TYPE_CHECKING:
    from disentangle_eval.testing.outcomes import Outcome

COLOURS = {"ok": "green", "failed": "red", "skipped": "yellow"}


class ImageShapeType(click.ParamType[tuple[int, int, int]]):
    """`3x32x32` on the command line, (3, 32, 32) in Python."""

    name = "CxHxW"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int, int]:
        if not re.fullmatch(r"[1-9]\d{0,4}x[1-9]\d{0,4}x[1-9]\d{0,4}", value):
            self.fail(f"received {value!r}, expected channels x height x width, such as 3x32x32", param, ctx)
        channels, height, width = (int(size) for size in value.split("x"))
        return channels, height, width


@click.command()
@click.argument("name", metavar="NAME", shell_complete=complete_plugins)
@click.option(
    "--image", type=ImageShapeType(), default="1x64x64", show_default=True, help="Shape of the images of a model."
)
@click.option("--protocol", metavar="NAME", default="", help="Protocol of a metric.  [default: its first]")
@data_dir_option
@as_json_option
@click.pass_context
def check(
    ctx: click.Context,
    name: str,
    image: tuple[int, int, int],
    protocol: str,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Check that the model, metric or data set NAME keeps the promises of the plugin interface.

    A model is tried on a few random images, a metric on small tables and models, a data set on some of its images.
    Exits with 1 if a promise is broken. A check is skipped if the plugin does not have the ability, or if it depends
    on a check that failed. Plugin authors run the same checks with `disentangle_eval.testing.parametrize_checks`.
    """
    refuse_unknown(name)
    from disentangle_eval.api import ImageShape
    from disentangle_eval.testing.finding import find, kinds_of
    from disentangle_eval.testing.outcomes import check_candidate

    done: list[Outcome] = []
    for kind in kinds_of(name):
        outcomes = check_candidate(find(name, kind, ImageShape(*image), data_dir=data_dir, protocol=protocol))
        found = list(outcomes if as_json else _shown(outcomes, debug=ctx.meta.get(DEBUG, False)))
        done += found
        if not as_json:
            counts = {status: sum(outcome.status == status for outcome in found) for status in COLOURS}
            click.echo(f"{name}: {', '.join(f'{count} {status}' for status, count in counts.items())}")
    if as_json:
        print_json([{name: getattr(outcome, name) for name in ("check", "status", "message")} for outcome in done])
    if any(outcome.status == "failed" for outcome in done):
        ctx.exit(1)


def refuse_unknown(name: str) -> None:
    """`UsageError` for a name that no plugin has, with the nearest one, before torch is imported."""
    registry = load_registry()
    known = {*registry.models, *registry.metrics, *registry.datasets}
    if name in known or parse_dataset(name).name in registry.datasets:
        return
    near, lists = did_you_mean(name, known, cutoff=0.66), "`deval plugins` lists all"
    raise UsageError(
        "plugin",
        received=repr(name),
        expected="" if near else "a model, a metric or a data set",
        advice=where_to_look(near, lists),
    )


def _shown(outcomes: Iterator[Outcome], debug: bool) -> Iterator[Outcome]:
    """Each outcome, printed as it comes; with `debug` after the traceback of the exception behind it."""
    for outcome in outcomes:
        if debug and outcome.cause is not None:
            traceback.print_exception(outcome.cause)
        status = click.style(f"{outcome.status:<8}", fg=COLOURS[outcome.status])
        message = outcome.message.removeprefix(f"{outcome.check}: ")
        click.echo(f"{status} {outcome.check}" + (f": {one_line(message)}" if message else ""))
        yield outcome
