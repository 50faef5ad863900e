"""How `deval` begins and ends: light help, lazy commands, one line for every error."""

import errno
import json
import os
import re
import subprocess
import sys

import click
import numpy as np
import pytest

from disentangle_eval.cli.main import COMMANDS, cli, main
from disentangle_eval.errors import DevalError, UsageError

HEAVY = ["torch", "numpy", "matplotlib", "sklearn", "scipy", "h5py", "rich", "pydantic", "pluggy"]


def run_main(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return (ended.value.code, *capsys.readouterr())


def command_that(raises: BaseException) -> click.Command:
    @click.command()
    def broken() -> None:
        raise raises

    return broken


@pytest.fixture
def models_raises(monkeypatch):
    """`deval models` raises what it is told to."""

    def put(error: BaseException) -> None:
        monkeypatch.setattr("disentangle_eval.cli.models.models", command_that(error))

    return put


def modules_after(*arguments: str, code: int = 0) -> list[str]:
    """Which modules a fresh `deval` has imported when it ends, with this exit code."""
    script = (
        "import sys, json\n"
        "from disentangle_eval.cli.main import main\n"
        f"try: main({list(arguments)!r})\n"
        "except SystemExit as end: code = end.code\n"
        "print(json.dumps(sorted(sys.modules)), file=sys.stderr)\n"
        "sys.exit(code)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr.splitlines()[0]
    return json.loads(done.stderr.splitlines()[-1])


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_help_and_version_import_no_command_no_plugin_and_nothing_heavy(arguments):
    modules = set(modules_after(*arguments))
    assert modules.isdisjoint(HEAVY)
    assert modules.isdisjoint({"disentangle_eval.registry.manager", "disentangle_eval.registry.lookup"})
    assert modules.isdisjoint(command.module for command in COMMANDS.values())


@pytest.mark.parametrize("arguments", [["models"], ["datasets"], ["plugins"], ["metrics"]])
def test_listing_imports_no_torch(arguments):
    assert set(modules_after(*arguments)).isdisjoint({"torch", "numpy", "sklearn", "matplotlib"})


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_in_the_table_exists_and_imports_without_torch(name):
    modules = modules_after(name, "--help")
    assert COMMANDS[name].module in modules
    assert "torch" not in modules


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "vea"],
        ["train", "vae", "--dataset", "dspites"],
        ["train", "vae", "--dataset", "grid.npz"],
        ["train", "vae", "--lr", "-1"],
        ["train", "vae", "--dataset", "mnist:no-such-folder"],
        ["train", "vae", "--device", "gpu"],
        ["train", "vae", "--follow", "mgi"],
        ["train", "--resume", "no-such-run"],
        ["traverse", "no-such-run"],
        ["check", "vea"],
        ["score", "x.pt", "--metric", "mgi"],
        ["score", "x.pt", "--metric", "mig", "--dataset", "dspites"],
        ["encode", "x.pt", "--dataset", "dspites"],
        ["draw", "histograms", "x.pt", "--dataset", "dspites"],
        ["data", "show", "dspites"],
        ["data", "pack", "dspites", "x.h5"],
    ],
)
def test_a_mistake_costs_no_import_of_torch(arguments):
    assert set(modules_after(*arguments, code=2)).isdisjoint({"torch", "numpy"})


def test_a_lone_checkpoint_for_a_metric_of_several_costs_no_import_of_torch():
    assert "torch" not in modules_after("score", "x.pt", "--metric", "udr", code=2)


def test_a_table_of_codes_is_scored_without_torch(tmp_path):
    sizes = (3, 4, 5)
    classes = np.stack(np.unravel_index(np.arange(60), sizes), axis=1)
    np.savez(tmp_path / "codes.npz", codes=classes.astype(np.float32), factor_sizes=sizes)
    votes = ("--set", "train_votes=50", "--set", "eval_votes=50", "--set", "num_train=50", "--set", "num_test=50")
    modules = modules_after("score", str(tmp_path / "codes.npz"), "--metric", "factorvae,mig,sap", *votes)
    assert "torch" not in modules


def test_help_lists_every_command_with_its_line(capsys):
    code, out, err = run_main(["--help"], capsys)
    assert (code, err) == (0, "")
    lines = [line.split(maxsplit=1) for line in out.split("Commands:\n")[1].splitlines()]
    assert lines == [[name, command.summary] for name, command in COMMANDS.items()]


def test_no_command_shows_help_and_counts_as_a_mistake(capsys):
    code, out, err = run_main([], capsys)
    assert (code, out) == (2, "")
    assert "Commands:" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["modles"], "No such command 'modles'. Did you mean 'models'?"),
        (["MODELS"], "No such command 'MODELS'. Did you mean 'models'?"),
        (["zzz"], f"No such command 'zzz'. Expected one of: {', '.join(COMMANDS)}."),
    ],
)
def test_unknown_command_is_one_line_that_suggests_the_near_name(arguments, message, capsys):
    assert run_main(arguments, capsys) == (2, "", f"error: {message} Try 'deval --help'.\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--zzz"], ["--zzz", "Try 'deval --help'."]),
        (["models", "--jsn"], ["--jsn", "Did you mean '--json'?", "Try 'deval models --help'."]),
        (["plugins", "x"], ["(x)", "Try 'deval plugins --help'."]),
    ],
)
def test_other_mistakes_in_what_was_typed_are_one_line(arguments, said, capsys):
    code, out, err = run_main(arguments, capsys)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("error: ")
    assert all(part in err for part in said)


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (DevalError("loss became nan\nat 3"), 1, "error: loss became nan at 3\n"),
        (UsageError("seed: received -1"), 2, "error: seed: received -1\n"),
        (click.ClickException("bad\nfile"), 1, "error: bad file\n"),
        (KeyboardInterrupt(), 130, "error: interrupted\n"),
        (
            OSError(errno.ENOSPC, "disk full", "run/log.jsonl"),
            1,
            "error: OSError: [Errno 28] disk full: 'run/log.jsonl'PLACE; rerun with --debug for the traceback\n",
        ),
        (
            EOFError("Ran out of input"),
            1,
            "error: EOFError: Ran out of inputPLACE; rerun with --debug for the traceback\n",
        ),
        (MemoryError(), 1, "error: MemoryErrorPLACE; rerun with --debug for the traceback\n"),
        (SystemExit(0), 1, "error: SystemExit: 0PLACE; rerun with --debug for the traceback\n"),
        (
            RuntimeError("\x1b[2Ja\n\tb"),
            1,
            "error: RuntimeError: \\x1b[2Ja bPLACE; rerun with --debug for the traceback\n",
        ),
        (click.exceptions.Exit(143), 143, ""),
        (SystemExit(143), 1, "error: SystemExit: 143PLACE; rerun with --debug for the traceback\n"),
        (BrokenPipeError(), 1, ""),
    ],
)
def test_what_a_command_raises_ends_in_one_line_and_an_exit_code(error, code, message, models_raises, capsys):
    models_raises(error)
    answer, out, err = run_main(["models"], capsys)
    line = r" at test_main\.py:\d+ \(raise raises\)"
    assert (answer, out, re.sub(line, "PLACE", err)) == (code, "", message)


@pytest.mark.parametrize("arguments", [["--debug", "models"], ["models", "--debug"]])
@pytest.mark.parametrize("error", [DevalError("no luck"), ValueError("no luck")])
def test_debug_shows_the_traceback_wherever_it_stands(arguments, error, models_raises, capsys):
    models_raises(error)
    code, out, err = run_main(arguments, capsys)
    assert (code, out) == (1, "")
    assert err.startswith("Traceback (most recent call last):\n")
    assert "no luck" in err.splitlines()[-1]


def test_debug_after_two_hyphens_is_an_argument(monkeypatch, capsys):
    @click.command()
    @click.argument("words", nargs=-1)
    def echo(words: tuple[str, ...]) -> None:
        click.echo(words)

    monkeypatch.setattr("disentangle_eval.cli.models.models", echo)
    assert run_main(["models", "--", "--debug"], capsys) == (0, "('--debug',)\n", "")


def test_group_works_without_main():
    """A caller that embeds the group, such as click's test runner, needs no `main`."""
    context = cli.make_context("deval", ["--debug", "models", "--json"])
    assert cli.list_commands(context) == list(COMMANDS)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full on this system")  # noqa: PTH110
@pytest.mark.parametrize("arguments", [["--help"], ["plugins"], ["plugins", "--json"]])
def test_output_on_a_full_disk_is_one_line(arguments):
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run(
            [sys.executable, "-m", "disentangle_eval.cli.main", *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 1
    assert done.stderr.startswith("error: OSError: [Errno 28]")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [["--help"], ["plugins"], ["plugins", "--json"]])
def test_reader_that_went_away_is_told_nothing(arguments):
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "disentangle_eval.cli.main", *arguments],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")
