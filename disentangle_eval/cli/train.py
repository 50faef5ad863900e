"""`deval train MODEL`: every model trains by the same command, with its own config's fields as options.

`deval train --resume RUN` continues a run; it is `deval train MODEL --out RUN --resume` with the model of the run.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import click
from click.shell_completion import CompletionItem

from disentangle_eval.cli.completion import complete_files, matching
from disentangle_eval.cli.options import field_options, given_values, show_defaults
from disentangle_eval.cli.seeds import (
    PLACE,
    Processes,
    SeedList,
    arguments_of_one,
    seed_folder,
    threads_per_process,
)
from disentangle_eval.config import ModelConfig, by_setting, defaults, flat, preset_records, preset_values, resolve
from disentangle_eval.data.files.locations import dataset_folder
from disentangle_eval.data.files.presence import presence
from disentangle_eval.data.files.published import require
from disentangle_eval.errors import UsageError
from disentangle_eval.registry.lookup import load_registry
from disentangle_eval.registry.names import parse_dataset
from disentangle_eval.runtime.threads import available_cores
from disentangle_eval.training.folder import RunFolder
from disentangle_eval.training.planning import Plan, RunSettings, default_folder, model_of, plan_run
from disentangle_eval.training.setting_names import refuse_unfit_settings

RUN_DEFAULTS = {name: field.default for name, field in RunSettings.model_fields.items()}

# Eager, so that a `--help` after them shows their values.
EAGER = ("dataset", "preset")


class TrainGroup(click.Group):
    """One subcommand per registered model, its options made from its config on demand."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        option, equals, place = args[0].partition("=") if args else ("", "", "")
        if option == "--resume" and (equals or len(args) > 1) and not ctx.resilient_parsing:
            run, rest = (place, args[1:]) if equals else (args[1], args[2:])
            args = resuming(Path(run), rest)
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(load_registry().models)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        registry = load_registry()
        return ModelCommand(name, registry.resolve(registry.find_model(name), "config"))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        return matching(self.list_commands(ctx), incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Models"):
            formatter.write_dl([(name, model.spec.summary) for name, model in sorted(load_registry().models.items())])


class ModelCommand(click.Command):
    """`deval train NAME`: the run's options, then one per field of the model's config."""

    def __init__(self, name: str, config: type[ModelConfig]) -> None:
        refuse_unfit_settings(name, config)
        self.model = name
        self.config = config
        self.fields = field_options(config)
        super().__init__(
            name,
            params=[*run_options(), *self.fields],
            callback=click.pass_context(train_model),
            help=f"Train {name}. Settings left out take the values published for the data set.",
        )

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        dataset = ctx.params.get("dataset") or RUN_DEFAULTS["dataset"]
        show_defaults(self.fields, _values_left_out(self.config, dataset, ctx.params.get("preset")))
        with formatter.section("Presets, the default first"):
            formatter.write_dl([(preset["name"], _preset_line(preset)) for preset in preset_records(self.config)])
        sections: dict[str, list[tuple[str, str]]] = {}
        for option in self.get_params(ctx):
            if line := option.get_help_record(ctx):
                sections.setdefault(self._section(option), []).append(line)
        for title, lines in sections.items():
            with formatter.section(title):
                formatter.write_dl(lines)

    def _section(self, option: click.Parameter) -> str:
        """The section of help that an option is in: settings within settings have one of their own."""
        if option not in self.fields:
            return "Options of every model"
        outer = (option.name or "").rpartition(".")[0]
        return f"Options of {self.model}{outer and ', '}{outer}"


def _values_left_out(config: type[ModelConfig], dataset: str, preset: str | None) -> dict[str, Any]:
    """The values of settings that are left out, as far as there are any where the user has to give some."""
    try:
        return flat(resolve(config, dataset, preset, {}))
    except UsageError:
        return defaults(config) | by_setting(config, preset_values(config, dataset, preset))


@click.group(cls=TrainGroup, subcommand_metavar="MODEL [OPTIONS]", options_metavar="")
@click.option(
    "--resume",
    type=click.Path(path_type=Path),
    metavar="RUN",
    expose_value=False,
    help="Continue the run in the folder RUN, bit for bit; --iterations sets a new length.",
)
def train() -> None:
    """Train a model on a data set, or with --resume continue a run.

    `deval train MODEL --help` shows its settings; `deval train MODEL --dataset NAME --help` shows the values published
    for that data set.
    """


def resuming(run: Path, rest: list[str]) -> list[str]:
    """The arguments that continue the run in a folder, or that of a checkpoint in it, by the model's own command."""
    if rest and not rest[0].startswith("-"):
        raise UsageError(
            "--resume", received=f"{str(run)!r} and {rest[0]!r}", expected="one run, followed by options if any"
        )
    folder = RunFolder(run.parent if run.is_file() else run)
    if rest and rest[0].partition("=")[0] == "--seeds":
        raise UsageError("--resume", received="--seeds as well", expected="one run and its own seed")
    return [model_of(folder), "--out", str(folder.root), "--resume", *rest]


def run_options() -> list[click.Option]:
    """Options of every model: the fields of `RunSettings`, several seeds, and the folders."""
    fields = field_options(RunSettings)
    for option in fields:
        option.is_eager = option.name in EAGER
    show_defaults(fields, {name: value for name, value in RUN_DEFAULTS.items() if value is not None})
    return [
        *fields,
        click.Option(
            ["--seeds"], type=SeedList(), help="several seeds, such as 0-9 or 0,3; --out then has {seed} in it"
        ),
        click.Option(["--out"], shell_complete=complete_files, help="run folder  [default: runs/MODEL-DATASET-seedN]"),
        click.Option(["--resume"], is_flag=True, help="continue the run in --out, bit for bit"),
        click.Option(
            ["--data-dir"],
            type=click.Path(path_type=Path),
            help="folder of the original data sets  [default: $DEVAL_DATA]",
        ),
    ]


def train_model(
    context: click.Context, seeds: tuple[int, ...] | None, out: str | None, resume: bool, **options: Any
) -> None:
    """Start or resume a run, or one for each of several seeds, and train it to its end."""
    from disentangle_eval.cli.train_run import train_and_report

    command = context.command
    assert isinstance(command, ModelCommand)
    given = given_values(options, RunSettings, command.config)
    if not resume:
        refuse_missing_files(_dataset(given), options["data_dir"])
    if not seeds:
        folder = Path(out) if out else default_folder(command.model, _dataset(given), given.get("seed", 0))
        plans = [plan_run(command.model, given, folder, resume=resume)]
    else:
        if "seed" in given:
            raise UsageError("--seeds", received="--seed as well", expected="one of the two")
        template = out or str(default_folder(command.model, _dataset(given), PLACE))
        folders = {seed: seed_folder(template, seed) for seed in seeds}
        plans = plan_seeds(command.model, given, folders, resume)
        if len(plans) > 1 and plans[0].settings.device == "cpu":
            raise click.exceptions.Exit(train_in_processes(context, plans, given.get("threads")))
    train_and_report(plans, options["data_dir"], shlex.join(["deval", *context.obj]))


def refuse_missing_files(dataset: str, data_dir: Path | None) -> None:
    """`UsageError` that says how to get the files of a data set that is not there, before torch is imported."""
    written = parse_dataset(dataset)
    registered = load_registry().datasets.get(written.name)
    folder = dataset_folder(written, data_dir)
    if registered is not None and (found := presence(registered.spec, folder)).state == "missing":
        require(folder, written.name, found.missing[0])


def plan_seeds(model: str, given: Mapping[str, Any], folders: Mapping[int, Path], resume: bool) -> list[Plan]:
    """A plan per seed; of several seeds that are resumed, one without a run yet starts."""
    return [
        plan_run(model, {**given, "seed": seed}, folder, resume=resume and RunFolder(folder).run_file.exists())
        for seed, folder in folders.items()
    ]


def train_in_processes(context: click.Context, plans: list[Plan], threads: int | Literal["auto"] | None) -> int:
    """Train each seed by the command that would train it alone, as many at a time as there are cores for."""
    each = threads_per_process(threads, len(plans))
    commands = {}
    for plan in plans:
        replaced = {
            "--seed": str(plan.settings.seed),
            "--out": str(plan.folder.root),
            "--threads": str(plan.settings.threads if plan.resumed else each),
        }
        arguments = arguments_of_one(context.obj, replaced)
        if "--resume" in arguments and plan.resumed is None:
            arguments.remove("--resume")
        commands[plan.settings.seed] = arguments
    return Processes(at_a_time=max(1, available_cores() // each)).run(commands)


def _preset_line(preset: Mapping[str, Any]) -> str:
    datasets = "all data sets" if "*" in preset["datasets"] else ", ".join(preset["datasets"])
    return f"{preset['note']} ({datasets})" if preset["note"] else datasets


def _dataset(given: Mapping[str, Any]) -> str:
    return str(given.get("dataset", RUN_DEFAULTS["dataset"]))
