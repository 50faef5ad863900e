"""`deval models | datasets | metrics | plugins`: tables for people, JSON for programs, whatever is installed."""

import json

import pytest

from disentangle_eval.cli.main import main

HOSTILE = [
    "deval-raises",
    "deval-exits",
    "deval-missing-dependency",
    "deval-misspelled",
    "deval-unmarked",
    "deval-other-api",
    "aaa-taken",
    "deval-non-record",
    "deval-halfway",
    "deval-dangling",
    "deval-same-one",
    "deval-same-two",
]
WARNING = "warning: {} plugins could not be loaded in full: `deval plugins` says why\n"


@pytest.fixture
def deval(capsys):
    """Runs a command; the exit code must be 0. Returns stdout and stderr."""

    def run(*arguments: str) -> tuple[str, str]:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert not ended.value.code
        return capsys.readouterr()

    return run


def rows(deval, *arguments: str) -> dict[str, dict]:
    out, _ = deval(*arguments, "--json")
    return {row.get("name") or f"{row['distribution']} {row['entry_point']}": row for row in json.loads(out)}


def line_of(out: str, first_word: str) -> str:
    return next(line for line in out.splitlines() if line.split()[:1] == [first_word])


def test_models_json(install, deval):
    install("deval-good")
    assert rows(deval, "models")["good"] == {
        "name": "good",
        "summary": "a good model",
        "paper": "",
        "target": "deval_good.parts:Good",
        "config": "deval_good.parts:Config",
        "presets": None,  # its settings are not those of a model
        "api": 1,
        "version": 1,
        "distribution": "deval-good",
        "distribution_version": "1.2",
    }


def test_datasets_json(install, deval):
    install("deval-good")
    found = rows(deval, "datasets")
    assert (found["good"]["kind"], found["good"]["distribution"]) == ("images", "deval-good")
    assert (found["dsprites"]["kind"], found["dsprites"]["distribution"]) == ("factors", "disentangle-eval")


def test_metrics_json_has_needs_and_protocols_default_first(install, deval):
    install("deval-good")
    good = rows(deval, "metrics")["good"]
    assert (good["needs"], good["protocols"], good["better"]) == (["encoder", "images"], ["first", "second"], "higher")
    default, *others = rows(deval, "metrics")["factorvae"]["protocols"]
    assert default == "dlib"
    assert {"kim-mnih", "ib-gan", "infogan-cr", "labelled"} <= set(others)


def test_models_have_their_presets_the_default_first(deval):
    default, *others = rows(deval, "models")["ibgan"]["presets"]
    assert (default["name"], "dsprites" in default["datasets"]) == ("reference", True)
    assert {preset["name"]: preset["note"] for preset in others}["short"] == "ours: 20,000 iterations"
    assert "short (ours" in deval("models")[0]


def test_every_preset_of_a_built_in_model_has_a_note(deval):
    for name, model in rows(deval, "models").items():
        if model["distribution"] == "disentangle-eval":
            assert all(preset["note"] for preset in model["presets"]), name


def test_metric_whose_settings_cannot_be_imported_is_listed_all_the_same(install, deval):
    site = install("deval-good")
    (site / "deval_good" / "parts.py").write_text("raise RuntimeError\n")
    assert rows(deval, "metrics")["good"]["protocols"] is None
    out, _ = deval("metrics")
    assert "cannot be imported" in line_of(out, "good")


@pytest.mark.parametrize("kind", ["models", "datasets", "metrics"])
def test_a_table_stays_within_120_columns_where_stdout_is_no_terminal(install, deval, kind):
    install("deval-good")
    out, _ = deval(kind)
    assert max(map(len, out.splitlines())) <= 120
    starts = {line.split()[0] for line in out.splitlines() if not line.startswith(" ")}
    assert set(rows(deval, kind)) <= starts


def test_the_list_of_data_sets_fits_80_columns(deval):
    assert max(map(len, deval("datasets")[0].splitlines())) <= 80


def test_plugins_json_says_what_each_brings_and_what_is_wrong(install, deval):
    install("deval-good", "deval-raises")
    found = rows(deval, "plugins")
    assert found["deval-good good"] == {
        "distribution": "deval-good",
        "version": "1.2",
        "entry_point": "good",
        "module": "deval_good",
        "models": ["good"],
        "datasets": ["good"],
        "metrics": ["good"],
        "problems": [],
    }
    (problem,) = found["deval-raises raises"]["problems"]
    assert "RuntimeError: first line" in problem


def test_plugins_table_says_ok_or_the_problem(install, deval):
    install("deval-good", "deval-exits")
    out, _ = deval("plugins")
    assert line_of(out, "good").split()[-1] == "ok"
    assert "nothing" in line_of(out, "exits")
    assert "SystemExit" in out


@pytest.mark.parametrize("arguments", [["models"], ["models", "--json"], ["datasets"], ["metrics"]])
def test_problems_are_one_warning_line_on_stderr(install, deval, arguments):
    install("deval-good", "deval-raises", "deval-exits")
    _, err = deval(*arguments)
    assert err.replace("parts imported\n", "") == WARNING.format(2)


def test_plugins_itself_does_not_warn(install, deval):
    install("deval-raises", "deval-exits")
    assert deval("plugins").err == ""


@pytest.mark.parametrize("kind", ["models", "datasets", "metrics", "plugins"])
def test_all_hostile_plugins_at_once_stop_nothing(install, deval, kind):
    install("deval-good", *HOSTILE)
    out, _ = deval(kind)
    assert line_of(out, "good")
    assert rows(deval, kind)


def test_summary_is_shown_as_it_is_written(install, deval):
    install("deval-same-one")
    assert "[/bold] number one" in deval("models")[0]


def test_strict_ends_every_listing_with_one_line(install, monkeypatch, capsys):
    install("deval-raises")
    monkeypatch.setenv("DEVAL_STRICT_PLUGINS", "1")
    for kind in ["models", "datasets", "metrics", "plugins"]:
        with pytest.raises(SystemExit) as ended:
            main([kind])
        out, err = capsys.readouterr()
        assert (ended.value.code, out, err.count("\n")) == (1, "", 1)
        assert err.startswith("error: plugin 'raises' of deval-raises 0.1: ")


def test_one_metric_by_name_is_shown_with_the_settings_of_each_protocol(deval):
    out, _ = deval("metrics", "factorvae")
    assert line_of(out, "setting").split()[1:3] == ["dlib", "kim-mnih"]
    assert line_of(out, "train_votes").split()[1:3] == ["10000", "800"]
    assert line_of(out, "variance_share").split()[1] == "none"
    assert line_of(deval("metrics", "downstream")[0], "train_sizes").split()[1] == "10,100,1000,10000"
    shown = rows(deval, "metrics", "factorvae")
    assert list(shown) == ["factorvae"]
    assert shown["factorvae"]["settings"]["kim-mnih"]["train_votes"] == 800


def test_one_model_by_name_is_shown_and_an_unknown_name_refused(deval, capsys):
    out, _ = deval("models", "vae")
    assert line_of(out, "settings").split()[1:] == ["deval", "train", "vae", "--help"]
    for command in ("models", "metrics"):
        with pytest.raises(SystemExit) as ended:
            main([command, "no-such"])
        assert ended.value.code == 2
        err = capsys.readouterr().err
        assert "received 'no-such'" in err
        assert f"`deval {command}` lists all" in err
