"""What holds for every metric under every protocol, written once over the registry.

A new metric is judged here without a line; one whose protocols take long names smaller settings in `QUICK`.
"""

import json

import numpy as np
import pytest
import torch
from complete_model import CompleteData, CompleteModel
from doc_pages import table_of
from image_generators import Extractor, save_torchscript

from deval_discrete.config import JointVAEConfig
from deval_discrete.jointvae import JointVAE
from disentangle_eval.api import Scores
from disentangle_eval.config import build
from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.errors import DevalError
from disentangle_eval.metrics import register_metrics
from disentangle_eval.metrics.code_arrays import code_table
from disentangle_eval.metrics.subject import CodeTable, EncodedSubject
from disentangle_eval.registry.lookup import Registered, load_registry

SPECS = {spec.name: spec for spec in register_metrics()}
OF_TABLES = {"encoder", "factors", "grid", "labels", "peers"}

# Settings under which a metric takes a fraction of a second, for claims that hold under any.
QUICK = {
    "category-information": {"num_images": 30},
    "dci": {"num_train": 400, "num_test": 200, "stages": 5},
    "dci-es": {"num_train": 400, "num_test": 200, "trees": 5, "depths": (1, 2, 8)},
    "dci-regression": {"num_train": 400, "num_test": 200, "trees": 4, "depth": 3},
    "downstream": {"train_sizes": (10, 100), "num_test": 100, "stages": 5, "strengths": 2, "folds": 2},
    "elbo-decomposition": {"num_samples": 50},
    "factorvae": {"train_votes": 500, "eval_votes": 500, "samples_per_vote": 20},
    "fid": {"num_images": 40},
    "gilbo": {"width": 2, "iterations_per_cycle": 2, "max_cycles": 1, "num_samples": 20},
    "higgins": {"train_points": 500, "eval_points": 500, "pairs_per_point": 20, "weight_std": 0.1},
    "iwae": {"particles": 5, "num_images": 30},
    "kid": {"num_images": 40, "subsets": 3, "subset_size": 20},
    "mig": {"num_samples": 200},
    "mi-bounds": {"num_samples": 20},
    "infomec": {"num_train": 400},
    "mig-knn": {"num_train": 400},
    "modularity-explicitness": {"num_train": 1000, "num_test": 500},
    "prdc": {"num_images": 40},
    "reconstruction": {"num_images": 30},
    "sap": {"num_train": 600, "num_test": 300},
    "tc": {"num_samples": 50, "num_images": 40, "width": 4, "iterations": 2},
}

# Settings that ask for a number of images, samples, votes or points; those within one vote or point are no such number.
ASKED = ("num_", "train_", "eval_", "variance_samples", "particles", "held_back")

# Every image enters, and nothing is drawn at random.
WITHOUT_DRAWS = {("category-information", "full")}

# How far an uninformative code may be from its chance level where that itself is a ratio of two noises.
NOISY = {"infomec": 0.25}

# Metrics without a threshold, a penalty or a weight in the units of the code.
UNITS_HAVE_NO_EFFECT = {
    *("dci", "dci-es", "dci-regression", "dcimig", "downstream", "infomec", "mcc", "mig-knn"),
    *("modularity-explicitness", "r2"),
}

# What disentanglement_lib reports, by our metric and protocol: its metric and key, our key and how near it is.
REFERENCES = [
    ("factorvae", "dlib", "factor_vae", "train_accuracy", "train_accuracy", 0),
    ("factorvae", "dlib", "factor_vae", "eval_accuracy", "eval_accuracy", 0),
    ("factorvae", "dlib", "factor_vae", "eval_accuracy", "value", 0),
    ("higgins", "dlib", "beta_vae", "train_accuracy", "train_accuracy", 0),
    ("higgins", "dlib", "beta_vae", "eval_accuracy", "value", 0),
    ("mig", "dlib", "mig", "discrete_mig", "discrete_mig", 1e-9),
    ("sap", "dlib", "sap", "SAP_score", "SAP_score", 0),
    ("irs", "dlib", "irs", "IRS", "IRS", 1e-5),
    ("modularity-explicitness", "dlib", "modularity_explicitness", "modularity_score", "modularity_score", 1e-9),
    # The reference fits in float32: the digits behind depend on its processor.
    *(
        ("modularity-explicitness", "dlib", "modularity_explicitness", key, key, 2e-5)
        for key in ("explicitness_score_train", "explicitness_score_test")
    ),
    *(
        ("unsupervised", "dlib", "unsupervised", key, key, 1e-8)
        for key in (
            "gaussian_total_correlation",
            "gaussian_wasserstein_correlation",
            "gaussian_wasserstein_correlation_norm",
            "mutual_info_score",
        )
    ),
    *(
        ("dci", "dlib", "dci", key, key, 0.01)
        for key in ("informativeness_train", "informativeness_test", "disentanglement", "completeness")
    ),
]


def config_of(name):
    return load_registry().resolve(Registered(SPECS[name], "", ""), "config")


def metric_of(name, protocol, **settings):
    """The metric under a protocol with other settings, of which only those it has and does not turn off are taken."""
    config = config_of(name)
    values = config.protocols[protocol]
    known = {
        key: value for key, value in settings.items() if key in config.model_fields and values.get(key, 0) is not None
    }
    target = load_registry().resolve(Registered(SPECS[name], "", ""))
    return target(build(config, {**values, **known}))


def under_every_protocol(names):
    return pytest.mark.parametrize(
        ("name", "protocol"), [(name, protocol) for name in names for protocol in config_of(name).protocols]
    )


def of_tables(*needs):
    return [name for name, spec in SPECS.items() if spec.needs <= OF_TABLES and set(needs) <= spec.needs]


@pytest.fixture(scope="module")
def extractor(tmp_path_factory):
    return str(save_torchscript(tmp_path_factory.mktemp("features") / "tiny.pt", Extractor()))


@pytest.fixture
def score(extractor, tmp_path, monkeypatch):
    monkeypatch.setenv("DEVAL_CACHE", str(tmp_path))

    def run(name, protocol, subject, seed=0):
        settings = {**QUICK.get(name, {}), "features": extractor}
        return metric_of(name, protocol, **settings).score(subject, seed)

    return run


def complete():
    """A subject for any metric, with a peer."""
    subject, peer = (EncodedSubject(CompleteModel(), CompleteData(), iteration=7) for _ in range(2))
    subject.peers, subject.validation = [peer], EncodedSubject(CompleteModel(), CompleteData())
    return subject


def table(codes, space, **behind):
    """Codes of a grid as a subject, with the classes of the first factor as labels and itself as a peer."""
    labels = space.classes(np.arange(len(space)))[:, 0]
    behind["log_variance"] = np.full(codes.shape, -4.0)
    found = CodeTable(codes, space, labels=labels, **behind)
    found.peers = [CodeTable(codes, space, **behind)]
    return found


def mixed():
    """A model with a code of classes and real numbers and a posterior over both, with a peer."""
    cfg = build(JointVAEConfig, {"classes": (4, 2), "latent_dim": 2, "hidden": 8})
    models = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        models.append(JointVAE(cfg, CompleteData.shape).eval())
    subject, peer = (EncodedSubject(model, CompleteData(), iteration=7) for model in models)
    subject.peers = [peer]
    return subject


def scores_or_message(run):
    try:
        return run()
    except DevalError as error:
        return str(error)


@pytest.mark.parametrize("name", SPECS)
def test_the_first_protocol_is_the_default(name):
    config = config_of(name)
    assert build(config, next(iter(config.protocols.values()))) == config()


@pytest.mark.parametrize("name", SPECS)
def test_every_key_of_a_result_has_its_row(score, name):
    page, found = f"metrics/{name}.md", set()
    for protocol in config_of(name).protocols:
        found |= set(score(name, protocol, complete()).values)
    rows = {key.strip() for row in table_of(page, "key")[1:] for key in row[0].split(",")}
    assert rows - {SPECS[name].headline} == found - {SPECS[name].headline}


@under_every_protocol(SPECS)
def test_a_score_is_plain_numbers_and_follows_from_the_seed_alone(score, name, protocol):
    state = torch.get_rng_state()
    first, again, other = (score(name, protocol, complete(), seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), state)
    assert isinstance(first.values[SPECS[name].headline], float)
    assert first == again
    assert (first != other) is ((name, protocol) not in WITHOUT_DRAWS)
    json.dumps(first.values, allow_nan=False)


TRIED = ("gilbo", "iwae", "fid", "kid", "prdc")  # those that tell their length by a trial


@pytest.mark.parametrize("name", TRIED)
def test_the_trial_that_tells_how_long_a_score_takes_changes_nothing(score, extractor, monkeypatch, name):
    monkeypatch.setattr("disentangle_eval.metrics.images.image_features.FEW", 1)
    subject, protocol = complete(), next(iter(config_of(name).protocols))
    metric = metric_of(name, protocol, **QUICK[name], features=extractor)
    state = torch.get_rng_state()
    assert metric.seconds(subject, 1) > 0
    assert torch.equal(torch.get_rng_state(), state)
    assert score(name, protocol, subject, 1) == score(name, protocol, complete(), 1)


def test_features_that_are_kept_take_no_trial(score, extractor, monkeypatch):
    subject = complete()
    metric = metric_of("fid", "fid-50k", **QUICK["fid"], features=extractor)
    score("fid", "fid-50k", subject)
    monkeypatch.setattr("disentangle_eval.metrics.images.image_features.FEW", 1)
    assert metric.seconds(subject, 1) > 0
    assert metric.seconds(subject, 0) == 0


@under_every_protocol(SPECS)
def test_true_counts_are_reported_of_all_that_a_protocol_asks_for(score, name, protocol):
    config = config_of(name)
    asked = {key for key, value in config.protocols[protocol].items() if key.startswith(ASKED) and value is not None}
    subject = complete()
    counts = score(name, protocol, subject).counts
    assert asked <= set(counts)
    cfg = metric_of(name, protocol, **QUICK.get(name, {})).cfg
    for key, used in counts.items():
        wanted = getattr(cfg, key)
        most = wanted if isinstance(wanted, int) else max(wanted) if isinstance(wanted, tuple) else len(subject)
        assert 0 < used <= most


@under_every_protocol(of_tables("encoder"))
def test_no_more_labelled_images_are_reported_as_used_than_there_are(score, name, protocol):
    random = np.random.default_rng(0)
    factors = random.integers(3, size=(60, 2))
    arrays = {
        "codes": np.column_stack([factors + 0.1 * random.normal(size=factors.shape), factors[:, 0]]),
        "code_classes": np.array([0, 0, 3]),
        "log_variance": np.full((60, 3), -4.0),
    }
    needs = config_of(name)(**config_of(name).protocols[protocol]).needed(SPECS[name].needs)
    if {"grid", "validation"} & needs:
        pytest.skip("needs more than labelled images")
    behind = {"labels": factors[:, 0]} if "labels" in needs else {"factors": factors}
    subject = code_table({**arrays, **behind})
    subject.peers = [subject]
    counts = score(name, protocol, subject).counts
    images = [used for key, used in counts.items() if not key.endswith(("votes", "points")) and key != "num_samples"]
    assert sum(images) <= 60


@pytest.mark.parametrize("name", SPECS)
def test_a_code_of_classes_and_numbers_with_its_posterior_is_scored(score, name):
    subject = mixed()
    if not SPECS[name].needs <= subject.offered:
        pytest.skip("needs what the model does not offer")
    protocol = next(iter(config_of(name).protocols))
    json.dumps(score(name, protocol, subject).values, allow_nan=False)


@pytest.mark.parametrize(("name", "protocol", "theirs", "key", "ours", "tolerance"), REFERENCES)
def test_a_protocol_equals_the_reference_it_reproduces(golden, name, protocol, theirs, key, ours, tolerance):
    expected = golden.scores.get(theirs, {}).get(key)
    if expected is None or np.isnan(expected):
        pytest.skip("the reference has no score of this table")
    found = golden.score(name, protocol, lambda: metric_of(name, protocol).score(*golden.subject()))
    assert found[ours] == (expected if not tolerance else pytest.approx(expected, rel=tolerance))


@under_every_protocol(of_tables("encoder"))
@pytest.mark.parametrize("dims", [1, 3])
def test_a_code_of_constant_dimensions_scores_no_more_than_chance(score, space, name, protocol, dims):
    if "labels" in SPECS[name].needs:
        pytest.skip("needs a code of classes")
    scores = score(name, protocol, table(np.full((len(space), dims), 0.1, dtype=np.float32), space))
    assert scores.values[SPECS[name].headline] <= uninformative(name, scores) + 0.05
    json.dumps(scores.values, allow_nan=False)


@under_every_protocol(of_tables("encoder"))
def test_an_uninformative_code_scores_chance(score, name, protocol):
    space = FactorSpace(("a", "b", "c"), (12, 13, 14))
    code = np.random.default_rng(0).normal(size=(len(space), 5))
    if SPECS[name].needs & {"labels", "peers"}:
        pytest.skip("its tests make its own uninformative codes")
    scores = score(name, protocol, table(code, space))
    assert scores.values[SPECS[name].headline] == pytest.approx(uninformative(name, scores), abs=NOISY.get(name, 0.1))


def uninformative(name: str, scores: Scores) -> float:
    """What a code without information scores; `dci-es` gives no chance level on grids as small as these."""
    return float(name == "dci-es") if scores.chance is None else scores.chance


@under_every_protocol(of_tables("factors"))
def test_labelled_samples_are_scored_without_the_factor_that_does_not_vary(score, name, protocol):
    factors = np.random.default_rng(0).integers(3, size=(600, 3)) * 0.5
    factors[:, 1] = 7
    arrays = {
        "codes": factors[:, [2, 0]],
        "factors": factors,
        "factor_names": np.array(["a", "one", "c"]),
        "log_variance": np.full((600, 2), -4.0),
    }
    values = score(name, protocol, code_table(arrays)).values
    assert values["factors"] == ["a", "c"]
    assert values[SPECS[name].headline] > 0.3


@under_every_protocol(of_tables("factors"))
def test_factors_that_are_all_constant_are_refused(score, name, protocol):
    with pytest.raises(DevalError, match=r"constants alone over .* images, expected one of two classes or more"):
        score(name, protocol, code_table({"codes": np.arange(60.0)[:, None], "factors": np.ones((60, 2))}))


@under_every_protocol(sorted(UNITS_HAVE_NO_EFFECT))
def test_units_and_offsets_of_a_code_have_no_effect(score, name, protocol):
    random = np.random.default_rng(0)
    factors = random.integers(3, size=(800, 3))
    codes = factors @ random.normal(size=(3, 4)) + 0.2 * random.normal(size=(800, 4))

    def value(codes):
        subject = code_table({"codes": codes, "factors": factors})
        subject.peers = [code_table({"codes": codes[:, ::-1], "factors": factors})]
        return score(name, protocol, subject).values[SPECS[name].headline]

    usual = value(codes)
    assert value(codes * 2.0**-30) == pytest.approx(usual, abs=0.02)
    assert value(codes * 2.0**-30 + 2.0**-3) == pytest.approx(usual, abs=0.02)
    assert value(codes * 2.0**40) == pytest.approx(usual, abs=0.02)


@under_every_protocol(of_tables("encoder"))
@pytest.mark.parametrize("unit", [1e-9, 1e75, 1e300])
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_tiny_and_huge_codes_are_scored_or_refused_in_one_line(score, name, protocol, unit):
    space = FactorSpace(("a", "b"), (6, 7))
    codes = unit * (space.classes(np.arange(len(space))) + 0.1 * np.random.default_rng(0).normal(size=(len(space), 2)))
    found = scores_or_message(lambda: score(name, protocol, table(codes, space)))
    assert "\n" not in found if isinstance(found, str) else json.dumps(found.values, allow_nan=False)
