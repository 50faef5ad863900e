"""`deval train MODEL`: every model trains by the same command, with its own config's fields as options."""

from __future__ import annotations

import shlex
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from disentangle_eval.cli.options import field_options, show_defaults, typed_values, was_typed
from disentangle_eval.config import ModelConfig, build, preset_values, resolve
from disentangle_eval.dataset_name import parse_dataset
from disentangle_eval.errors import UsageError
from disentangle_eval.registry import load_registry

if TYPE_CHECKING:
    from disentangle_eval.api import Model
    from disentangle_eval.train.folder import RunFolder
    from disentangle_eval.train.run import Run

DEFAULT_DATASET = "dsprites"

# What resuming may change: how far to go, and where the data lie.
CHANGEABLE = {"iterations"}


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
            ["--out"], type=click.Path(path_type=Path), help="run folder  [default: runs/MODEL-DATASET-seedN]"
        ),
        click.Option(
            ["--device"],
            type=click.Choice(["auto", "cpu", "cuda"]),
            default="auto",
            show_default=True,
            help="where to compute",
        ),
        click.Option(["--threads"], type=count, help="CPU threads  [default: torch's]"),
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
    """Start or resume a run and train it to its end."""
    from disentangle_eval.train.folder import RunFolder

    command = context.command
    assert isinstance(command, ModelCommand)
    name, config = command.model, command.config
    typed = typed_values(context, config)
    settings = resolved_settings(options)
    folder = RunFolder(options["out"] or default_folder(name, options))
    if options["resume"]:
        stored = folder.read_run()
        refuse_changes(name, config, stored, typed, {key: settings[key] for key in settings if was_typed(context, key)})
        cfg = build(config, {**stored["config"], **{key: typed[key] for key in CHANGEABLE & set(typed)}})
        settings = stored["settings"]
    else:
        cfg = resolve(config, options["dataset"], options["preset"], typed)
    with folder.lock():
        run = open_run(name, cfg, settings, folder, options["data_dir"])
        if options["resume"]:
            run.resume()
            folder.write_run({**stored, "config": cfg.model_dump(mode="json")})
        else:
            run.start({**settings, "command": shell_line(context.obj)})
        finish(run, folder, name)


# The same latents in every run and picture, so that pictures can be laid side by side.
PICTURE_SEED = 0


def resolved_settings(options: Mapping[str, Any]) -> dict[str, Any]:
    """The run's own settings, with the device and the threads that `auto` and torch's default stand for here."""
    import torch

    from disentangle_eval.devices import choose_device

    names = ("dataset", "preset", "seed", "log_every", "checkpoint_every", "snapshot_every")
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


def open_run(name: str, cfg: ModelConfig, settings: Mapping[str, Any], folder: RunFolder, data_dir: Path | None) -> Run:
    """The run's model, data and device, ready to start or resume."""
    import torch

    from disentangle_eval.build import build_model
    from disentangle_eval.cli.dataset import open_dataset
    from disentangle_eval.devices import choose_device
    from disentangle_eval.host_memory import keep_freed_memory
    from disentangle_eval.train.run import Identity, Run, Ticks

    registry = load_registry()
    record = registry.find_model(name)
    device = choose_device(settings["device"])
    torch.set_num_threads(settings["threads"])
    keep_freed_memory()
    data = open_dataset(settings["dataset"], data_dir).to(device)
    return Run(
        identity=Identity(
            model=name,
            distribution=record.distribution,
            version=record.spec.version,
            dataset=settings["dataset"],
            seed=settings["seed"],
        ),
        cfg=cfg,
        model=build_model(registry.resolve(record, "target"), cfg, data.shape, settings["seed"]),
        data=data,
        device=device,
        folder=folder,
        ticks=Ticks(
            log=settings["log_every"], checkpoint=settings["checkpoint_every"], snapshot=settings["snapshot_every"]
        ),
    )


def finish(run: Run, folder: RunFolder, name: str) -> None:
    """Train to the end, or to the first signal; say what to type next."""
    from disentangle_eval.cli.progress import progress
    from disentangle_eval.report.run_pictures import draw_model, draw_run
    from disentangle_eval.train.events import event_writer, tensorboard_installed
    from disentangle_eval.train.run import Watchers

    def draw(model: Model[Any], iteration: int) -> None:
        draw_model(model, folder, iteration, PICTURE_SEED, run.device)

    events = (event_writer(folder.events, run.iteration),) if tensorboard_installed() else ()
    with stopping_on_signal(run) as received, progress(f"{name} seed {run.identity.seed}", run.cfg.iterations) as shown:
        run.train(Watchers(started=(shown.started,), log=(shown.log, *events), snapshot=(draw,)))
    draw_run(folder)
    if received and run.iteration < run.cfg.iterations:
        click.echo(
            f"stopped at iteration {run.iteration}; continue with: deval train {name} --out {folder.root} --resume",
            err=True,
        )
        sys.exit(128 + received[0])
    click.echo(f"{folder.checkpoint}")
    click.echo(f"next: {next_command(run)} {folder.checkpoint}", err=True)


def next_command(run: Run) -> str:
    """What to type after training: the score the data set allows, or samples where it allows none."""
    from disentangle_eval.api import FactorSpace

    if isinstance(run.data.factors, FactorSpace):
        return "deval score --metric factorvae"
    if load_registry().find_dataset(parse_dataset(run.identity.dataset).name).spec.test:
        return "deval score --metric cluster-accuracy"
    return "deval sample"


@contextmanager
def stopping_on_signal(run: Run) -> Iterator[list[int]]:
    """The first interrupt or termination lets the iteration finish and saves; a second one acts at once."""
    received: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        if received:
            raise KeyboardInterrupt
        received.append(number)
        run.stop()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
