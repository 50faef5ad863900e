import dataclasses

import pytest

from disentangle_eval.registry.specs import DatasetSpec, MetricSpec, ModelSpec

MODEL = {"name": "toy-2", "summary": "a toy", "target": "toy.model:Toy", "config": "toy.config:ToyConfig"}
DATASET = {"name": "blobs", "summary": "white blobs", "target": "toy.data:load"}
METRIC = {
    "name": "guess",
    "summary": "guesses",
    "target": "toy.metric:Guess",
    "config": "toy.config:GuessConfig",
    "needs": frozenset({"encoder", "factors"}),
    "headline": "value",
    "better": "higher",
}


def test_valid_records_hold_what_was_given_and_are_comparable():
    for spec, values in ((ModelSpec, MODEL), (DatasetSpec, DATASET), (MetricSpec, METRIC)):
        record = spec(**values)
        assert record == spec(**values)
        assert hash(record) == hash(spec(**values))
        assert {name: getattr(record, name) for name in values} == values
        assert (record.api, record.version) == (1, 1)
        with pytest.raises(dataclasses.FrozenInstanceError):
            record.name = "other"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("name", value) for value in ("", "Toy", "my_toy", "2toy", "toy-", "to y", "toy\n", None, 3)),
        *(("summary", value) for value in ("", "  ", "two\nlines", None)),
        *(("target", value) for value in ("toy.model", "toy.model:", ":Toy", "toy:Toy.inner", "toy model:Toy", None)),
        *(("config", value) for value in ("toy", None)),
        *(("api", value) for value in (0, "1", True, None)),
        *(("version", value) for value in (0, 1.0, -1)),
        ("paper", None),
    ],
)
def test_a_wrong_field_of_a_model_is_named_with_what_was_received(field, value):
    with pytest.raises(ValueError, match=r"^ModelSpec\.") as caught:
        ModelSpec(**{**MODEL, field: value})
    assert str(caught.value).startswith(f"ModelSpec.{field}: received {value!r}, expected ")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("needs", value) for value in (None, "encoder", ["encoder"], {"encoder"}, frozenset({"encoders"}))),
        *(("better", value) for value in ("up", None)),
        *(("headline", value) for value in ("", None)),
        ("config", "toy"),
        *(("in_all", value) for value in (1, None, "no")),
    ],
)
def test_a_wrong_field_of_a_metric_is_named(field, value):
    with pytest.raises(ValueError, match=rf"^MetricSpec\.{field}: received "):
        MetricSpec(**{**METRIC, field: value})


def test_a_data_set_has_factors_or_only_images():
    assert DatasetSpec(**DATASET).kind == "images"
    with pytest.raises(ValueError, match=r"DatasetSpec\.kind: received 'video', expected one of 'factors', 'images'"):
        DatasetSpec(**DATASET, kind="video")


def test_records_take_keywords_only():
    with pytest.raises(TypeError):
        ModelSpec("toy", "a toy", "toy.model:Toy", "toy.config:ToyConfig")


def test_a_data_set_may_name_another_on_which_labels_are_scored():
    assert DatasetSpec(**DATASET).test == ""
    assert DatasetSpec(**DATASET, test="blobs-test").test == "blobs-test"
    with pytest.raises(ValueError, match=r"DatasetSpec\.test: received 'Blobs test', expected the name of a data set"):
        DatasetSpec(**DATASET, test="Blobs test")


def test_a_summary_that_is_too_long_is_refused_with_the_length_it_may_have():
    assert ModelSpec(**{**MODEL, "summary": "a" * 500}).summary
    with pytest.raises(ValueError, match=r"^ModelSpec\.summary: .*expected one line of at most 500 characters$"):
        ModelSpec(**{**MODEL, "summary": "a" * 501})
