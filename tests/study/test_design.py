"""Study files: what they stand for, and what is said of their mistakes."""

import pytest

from disentangle_eval.errors import UsageError
from disentangle_eval.study.collecting import StudyError
from disentangle_eval.study.reading import read_study, study_of
from disentangle_eval.study.seeds import seeds_of

SMALL = """
name = "small"
dataset = "dsprites"
seeds = "0-1"
iterations = 40
metrics = ["mig", "factorvae:dlib"]
[[models]]
model = "beta-vae"
beta = [1, 4]
[[models]]
model = "factorvae"
"""


def study(**changes):
    return {"name": "s", "models": [{"model": "vae"}], **changes}


def test_a_grid_of_settings_times_seeds(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(SMALL)
    trials = read_study(path).trials
    assert [(trial.model, trial.config.get("beta"), trial.seed) for trial in trials] == [
        ("beta-vae", 1.0, 0),
        ("beta-vae", 1.0, 1),
        ("beta-vae", 4.0, 0),
        ("beta-vae", 4.0, 1),
        ("factorvae", None, 0),
        ("factorvae", None, 1),
    ]
    assert {trial.config["iterations"] for trial in trials} == {40}
    assert len({trial.folder for trial in trials}) == 6


def test_scale_multiplies_what_is_counted_in_iterations_and_nothing_else():
    full = study_of(study(models=[{"model": "ibgan"}])).trials[0]
    short = study_of(study(models=[{"model": "ibgan"}]), scale=0.01).trials[0]
    changed = {name for name in full.config if full.config[name] != short.config[name]}
    assert changed == {"iterations", "noise_iterations"}
    assert short.config["iterations"] == full.config["iterations"] // 100
    constant = study_of(study(models=[{"model": "factorvae"}]), scale=0.01).trials[0]
    assert constant.config["gamma_iterations"] == 0


def test_the_key_changes_with_what_defines_the_weights_alone():
    one = study_of(study(metrics=["mig"])).trials[0]
    assert study_of(study(metrics=["sap"])).trials[0].folder == one.folder
    assert study_of(study(models=[{"model": "vae", "batch_size": 32}])).trials[0].folder != one.folder
    assert study_of(study(precision="bf16")).trials[0].folder != one.folder


def test_every_mistake_is_found_at_once():
    mistaken = study(
        metrics=["mgi", "factorvae:nope"],
        models=[
            {"model": "beta-vea"},
            {"model": "beta-vae", "beta": [-1, 4], "bta": 2},
            {"model": "vae", "seeds": "2-1"},
        ],
    )
    with pytest.raises(StudyError) as raised:
        study_of(mistaken)
    message = str(raised.value)
    assert len(raised.value.errors) == 6
    for part in ("beta-vea", "bta", "2-1", "mgi", "nope", "beta"):
        assert part in message
    places = [str(error).partition(": ")[0] for error in raised.value.errors]
    assert places == ["models[0]", "models[1]", "models[1]", "models[2]", "metrics[0]", "metrics[1]"]


def errors_of(**changes):
    with pytest.raises(StudyError) as raised:
        study_of(study(**changes))
    return [str(error) for error in raised.value.errors]


def test_a_mistake_is_reported_once_however_many_trials_have_it():
    entry = {"model": "beta-vae", "bta": 2, "beta": [1, 4], "lr": [0.1, 0.2]}
    assert len(errors_of(models=[entry], dataset=["dsprites", "mnist"])) == 1
    assert len(errors_of(models=[{"model": "vae"}, {"model": "beta-vae"}], seeds="0-")) == 1
    assert len(errors_of(models=[{"model": "vae", "seeds": "0-", "hiden": 3}])) == 2


def test_a_key_of_the_study_below_models_is_said_to_belong_above():
    (error,) = errors_of(models=[{"model": "vae", "metrics": ["mig"]}])
    assert error.startswith("models[0]: metrics: received ['mig'] in an entry")
    assert error.endswith("metrics is a key of the whole study: write it above the first [[models]]")


def test_a_figure_that_cannot_be_drawn_is_found_before_anything_is_trained():
    (error,) = errors_of(figure={"kind": "strip", "show": ["mig", "sap"]})
    assert error.startswith("figure: --show: received 2 names, expected 1 with strip")
    with pytest.raises(UsageError, match=r"published\.0\.val: unknown setting, expected one of: name, value, x, y"):
        study_of(study(figure={"show": ["mig"], "published": [{"name": "a", "val": 3}]}))
    with pytest.raises(UsageError, match="metrics: received 'mig', input should be a list"):
        study_of(study(metrics="mig"))


def test_a_trial_is_called_by_its_data_set_too():
    titles = [trial.title for trial in study_of(study(dataset=["dsprites", "mnist"])).trials]
    assert titles == ["vae on dsprites seed 0", "vae on mnist seed 0"]


@pytest.mark.parametrize("written", ["", "a", "3-1", "1,,2", "0-99999999999", [], [-1]])
def test_seeds_that_are_none(written):
    with pytest.raises(UsageError, match="seeds"):
        seeds_of(written)


def test_seeds_in_any_form():
    assert seeds_of("0,2,5-7") == (0, 2, 5, 6, 7)
    assert seeds_of([3, 1]) == (1, 3)
    assert seeds_of(4) == (4,)


def test_a_study_without_models():
    with pytest.raises(UsageError, match=r"\[\[models\]\]"):
        study_of({"name": "s"})


@pytest.mark.parametrize(
    ("changes", "scale", "said"),
    [
        ({"models": [{"beta": 4}]}, 1, r"models\[0\]: received {'beta': 4}, expected model = NAME"),
        (
            {"metrics": ["mig", "factorvea"]},
            1,
            r"metrics\[1\]: metric: received 'factorvea'; did you mean 'factorvae'\?",
        ),
        (
            {"metrics": ["factorvae:dlb"]},
            1,
            r"metrics\[0\]: protocol: received 'dlb', expected one of factorvae's: dlib, .*; did you mean 'dlib'\?",
        ),
        (
            {"models": [{"model": "beta-vae", "beta": []}]},
            1,
            "setting 'beta': received \\[\\], expected at least one value",
        ),
        ({"models": [{"model": "vae", "dataset": 5}]}, 1, r"models\[0\]: dataset.*: received 5"),
        ({"models": [{"model": "vae", "dataset": []}]}, 1, r"dataset: received \[\], expected at least one data set"),
        ({"models": [{"model": "vae", "seeds": 1.5}]}, 1, r"models\[0\]: seeds.*: received 1.5"),
        ({"models": [{"model": "vae", "seeds": True}]}, 1, r"models\[0\]: seeds.*: received True"),
        ({"models": [{"model": "vae", "preset": ["x"]}]}, 1, r"models\[0\]: preset: received \['x'\]"),
        ({"seeds": True}, 1, "seeds.*: received True"),
        ({"dataset": []}, 1, r"dataset: received \[\], expected at least one data set"),
        ({"metrics": ["all:chen"]}, 1, "metric: received 'all:chen', expected one metric, NAME or NAME:PROTOCOL"),
        ({}, 0, "--scale: received 0, expected a number above 0 and at most 1"),
        ({}, 2, "--scale: received 2"),
    ],
)
def test_what_names_no_trial_is_refused(changes, scale, said):
    with pytest.raises((UsageError, StudyError), match=said):
        study_of(study(**changes), scale)
