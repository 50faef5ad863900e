"""`deval train MODEL`: every model trains by the same command, with its own config's fields as options."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from disentangle_eval.cli.options import field_options, show_defaults, typed_values, was_typed
from disentangle_eval.cli.seeds import (
    PLACE,
    Processes,
    SeedList,
    arguments_of_one,
    seed_folder,
    threads_a_process,
)
from disentangle_eval.config import ModelConfig, build, preset_dataset, preset_values, resolve
from disentangle_eval.errors import UsageError
from disentangle_eval.registry.lookup import load_registry
from disentangle_eval.registry.names import parse_dataset
from disentangle_eval.runtime.threads import available_cores

if TYPE_CHECKING:
    from disentangle_eval.cli.train_run import Plan

DEFAULT_DATASET = "dsprites"

# What resuming may change: how far to go, and where the data lie.
CHANGEABLE = {"iterations"}

# What runs had before these could be set.
ADDED_SETTINGS: Mapping[str, Any] = {"precision": "float32", "eager": True}


class TrainGroup(click.Group):
    """One subcommand a registered model, its options made from its config on demand."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(load_registry().models)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        registry = load_registry()
        return ModelCommand(name, registry.resolve(registry.find_model(name), "config"))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Models"):
            formatter.write_dl([(name, model.spec.summary) for name, model in sorted(load_registry().models.items())])


class ModelCommand(click.Command):
    """`deval train NAME`: the run's options, then one a field of the model's config."""

    def __init__(self, name: str, config: type[ModelConfig]) -> None:
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
        dataset = ctx.params.get("dataset") or DEFAULT_DATASET
        defaults = {name: field.default for name, field in self.config.model_fields.items()}
        show_defaults(self.fields, {**defaults, **preset_values(self.config, dataset, ctx.params.get("preset"))})
        super().format_options(ctx, formatter)


@click.group(cls=TrainGroup, subcommand_metavar="MODEL [OPTIONS]", options_metavar="")
def train() -> None:
    """Train a model on a data set.

    `deval train MODEL --help` shows its settings; `deval train MODEL --dataset NAME --help` shows the values published
    for that data set.
    """


def run_options() -> list[click.Option]:
    """Options every model has. Data set and preset are eager, so that a `--help` after them shows their values."""
    count = click.IntRange(min=1)
    return [
        click.Option(
            ["--dataset"], default=DEFAULT_DATASET, show_default=True, is_eager=True, help="data set to train on"
        ),
        click.Option(["--preset"], is_eager=True, help="named settings of the model, such as `paper`"),
        click.Option(
            ["--seed"], type=click.IntRange(min=0), default=0, show_default=True, help="fixes every random number"
        ),
        click.Option(
            ["--seeds"], type=SeedList(), help="several seeds, such as 0-9 or 0,3; --out then has {seed} in it"
        ),
        click.Option(["--out"], help="run folder  [default: runs/MODEL-DATASET-seedN]"),
        click.Option(
            ["--device"],
            type=click.Choice(["auto", "cpu", "cuda"]),
            default="auto",
            show_default=True,
            help="where to compute",
        ),
        click.Option(["--threads"], type=count, help="CPU threads  [default: torch's]"),
        click.Option(
            ["--precision"],
            type=click.Choice(["float32", "tf32", "bf16"]),
            default="float32",
            show_default=True,
            help="arithmetic of the networks in training",
        ),
        click.Option(["--eager"], is_flag=True, help="on CUDA, launch each iteration from Python: no CUDA graphs"),
        click.Option(
            ["--data-dir"], type=click.Path(path_type=Path), help="where original data sets lie  [default: $DEVAL_DATA]"
        ),
        click.Option(["--resume"], is_flag=True, help="continue the run in --out, bit for bit"),
        click.Option(["--log-every"], type=count, default=100, show_default=True, help="iterations a line of the log"),
        click.Option(
            ["--checkpoint-every"],
            type=count,
            default=1000,
            show_default=True,
            help="iterations between saves of checkpoint.pt",
        ),
        click.Option(
            ["--snapshot-every"],
            type=count,
            default=5000,
            show_default=True,
            help="iterations between kept snapshots and pictures",
        ),
    ]


def train_model(context: click.Context, **options: Any) -> None:
    """Start or resume a run, or one for each of several seeds, and train it to its end."""
    from disentangle_eval.cli.train_run import train_plans

    command = context.command
    assert isinstance(command, ModelCommand)
    if options["seeds"] and was_typed(context, "seed"):
        raise UsageError("--seeds: received beside --seed; expected one of the two")
    seeds = options["seeds"] or (options["seed"],)
    if options["seeds"]:
        template = options["out"] or str(default_folder(command.model, {**options, "seed": PLACE}))
        folders = {seed: seed_folder(template, seed) for seed in seeds}
        if len(seeds) > 1 and resolved_settings(options)["device"] == "cpu":
            raise click.exceptions.Exit(train_in_processes(context, folders, options["threads"]))
    else:
        folders = {options["seed"]: Path(options["out"] or default_folder(command.model, options))}
    plans = [plan_run(context, command, {**options, "seed": seed}, folder) for seed, folder in folders.items()]
    train_plans(command.model, plans, options["data_dir"], shell_line(context.obj))


def plan_run(context: click.Context, command: ModelCommand, options: Mapping[str, Any], folder: Path) -> Plan:
    """What one run is to be; `UsageError` where it is resumed with other settings than its own.

    Of several seeds resumed, one without a run yet starts.
    """
    from disentangle_eval.cli.train_run import Plan
    from disentangle_eval.training.folder import RunFolder

    config = command.config
    typed = typed_values(context, config)
    settings = resolved_settings(options)
    run = RunFolder(folder)
    if not options["resume"] or (options["seeds"] and not run.run.exists()):
        settings["dataset"] = preset_dataset(config, options["dataset"], options["preset"])
        return Plan(resolve(config, options["dataset"], options["preset"], typed), settings, run, None)
    stored = run.read_run()
    if was_typed(context, "dataset"):
        settings["dataset"] = preset_dataset(config, options["dataset"], stored["settings"]["preset"])
    typed_settings = {key: settings[key] for key in settings if was_typed(context, key)}
    refuse_changes(command.model, config, stored, typed, typed_settings)
    cfg = build(config, {**stored["config"], **{key: typed[key] for key in CHANGEABLE & set(typed)}})
    return Plan(cfg, {**ADDED_SETTINGS, **stored["settings"]}, run, stored)


def train_in_processes(context: click.Context, folders: Mapping[int, Path], threads: int | None) -> int:
    """Train each seed by the command that would train it alone, as many at a time as there are cores for."""
    each = threads_a_process(threads, len(folders))
    resume = "--resume" in context.obj
    commands = []
    for seed, folder in folders.items():
        replaced = {"--seed": str(seed), "--out": str(folder), "--threads": str(each)}
        arguments = arguments_of_one(context.obj, replaced)
        if resume and not (folder / "run.json").exists():
            arguments.remove("--resume")
        commands.append(arguments)
    return Processes(at_a_time=max(1, available_cores() // each)).run(commands)


def resolved_settings(options: Mapping[str, Any]) -> dict[str, Any]:
    """The run's own settings, with the device and the threads that `auto` and torch's default stand for here."""
    import torch

    from disentangle_eval.runtime.devices import choose_device

    names = ("dataset", "preset", "seed", "precision", "eager", "log_every", "checkpoint_every", "snapshot_every")
    return {
        **{name: options[name] for name in names},
        "device": choose_device(options["device"]).type,
        "threads": options["threads"] or torch.get_num_threads(),
    }


def default_folder(name: str, options: Mapping[str, Any]) -> Path:
    return Path("runs") / f"{name}-{parse_dataset(options['dataset']).short}-seed{options['seed']}"


def shell_line(arguments: Sequence[str]) -> str:
    """The command as it was typed, for the run's record."""
    return shlex.join(["deval", *arguments])


def refuse_changes(
    name: str,
    config: type[ModelConfig],
    stored: Mapping[str, Any],
    typed: Mapping[str, Any],
    run_typed: Mapping[str, Any],
) -> None:
    """`UsageError` naming every setting typed beside `--resume` that differs from the run's own."""
    before = {**stored["settings"], **stored["config"]}
    after = {**build(config, {**stored["config"], **typed}).model_dump(mode="json"), **run_typed}
    changed = [key for key in (*typed, *run_typed) if key not in CHANGEABLE and after[key] != before.get(key)]
    if stored["model"] != name:
        raise UsageError(f"--resume: the run in --out trains {stored['model']!r}, not {name!r}")
    if changed:
        told = "; ".join(f"{key} is {before.get(key)!r} in the run, received {after[key]!r}" for key in changed)
        raise UsageError(
            f"--resume continues a run unchanged, but {told}; leave these out, or start anew in another --out"
        )
