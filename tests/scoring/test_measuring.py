"""What a metric returns becomes a result that JSON can hold, or the metric's own fault."""

import json
from dataclasses import replace
from types import SimpleNamespace

import faulty_metrics
import numpy as np
import pytest
import torch

from disentangle_eval import list_metrics
from disentangle_eval.errors import DevalError, DevalWarning, UsageError
from disentangle_eval.metrics.subject import CodeTable
from disentangle_eval.opening.subjects import OpenedSubject
from disentangle_eval.registry.lookup import Registered, Registry, load_registry
from disentangle_eval.registry.specs import MetricSpec
from disentangle_eval.scoring.cost import how_to_take_less
from disentangle_eval.scoring.data_sets import scored_on, validated_on
from disentangle_eval.scoring.measurements import Measurement, plan
from disentangle_eval.scoring.measuring import measure
from disentangle_eval.scoring.several import measure_each

TABLE = CodeTable(np.arange(12.0)[:, None])
OPENED = OpenedSubject("the table", TABLE, {})


def measurement(kind, asked=True):
    spec = MetricSpec(
        name=kind.__name__.lower(),
        summary="a metric",
        target=f"faulty_metrics:{kind.__name__}",
        config="faulty_metrics:PlainConfig",
        needs=frozenset({"encoder"}),
        headline="value",
        better="higher",
    )
    return Measurement(Registered(spec, "deval-strange", "1.2"), "plain", faulty_metrics.PlainConfig(), asked)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (
            faulty_metrics.Raises,
            r"KeyError: 'missing' at faulty_metrics.py:\d+ \(.*\); correct that line, or report it",
        ),
        (
            faulty_metrics.TextHeadline,
            "its headline 'value' is '0.5', expected a number; report this to the authors of deval-",
        ),
        (
            faulty_metrics.NoHeadline,
            "its headline 'value' is None, expected a number; report this to the authors of deval-",
        ),
        (
            faulty_metrics.NotFinite,
            r"scores\['gaps'\]\[1\]: received nan, expected a finite number; report this to the a",
        ),
        (faulty_metrics.TextCount, r"counts\['n'\] is 'many', expected a whole number"),
        (faulty_metrics.NoNames, "scores: received str, expected values by name"),
        (faulty_metrics.TextChance, "its chance level is 'low', expected a number or None"),
        (faulty_metrics.Exits, r"SystemExit: 0 at faulty_metrics.py:\d+"),
        (faulty_metrics.NoScores, "score returned float, expected Scores; report this to the authors of deval-"),
    ],
)
def test_a_fault_of_a_plugin_s_metric_names_the_plugin_in_one_line(kind, said):
    message = rf"^metric '{kind.__name__.lower()}' of deval-strange 1.2: {said}"
    with pytest.raises(DevalError, match=message) as caught:
        measure(measurement(kind), TABLE, 0, {})
    assert not isinstance(caught.value, UsageError)
    assert "\n" not in str(caught.value)


def test_a_test_set_and_one_held_back_have_the_settings_of_the_training_set():
    (one,) = plan(["cluster-accuracy"], ["hinz-wermter"])
    assert scored_on(one, "mnist-55k?size=32") == "mnist-test?size=32"
    assert validated_on(one, "mnist-55k?size=32") == "mnist-validation?size=32"
    assert (scored_on(one, "mnist"), validated_on(one, "mnist")) == ("mnist-test", "")
    (other,) = plan(["cluster-accuracy"], ["hungarian"])
    assert validated_on(other, "mnist-55k") == ""


def test_numbers_of_numpy_become_plain_ones():
    line = json.loads(measure(measurement(faulty_metrics.NumpyNumbers), TABLE, 0, {}).to_json())
    assert (line["value"], line["chance"], line["details"]) == (0.5, 0.1, {"gaps": [0.25, 1.0], "best": [3]})


def test_a_result_holds_true_counts_and_warns_where_the_protocol_s_are_not_met():
    said = "fewimages used fewer than its protocol says: num_train 40 of 100"
    with pytest.warns(DevalWarning, match=said):
        result = measure(measurement(faulty_metrics.FewImages), TABLE, 0, {})
    assert (result.counts, result.warnings) == ({"num_train": 40}, (said,))


def test_a_result_holds_each_warning_of_its_metric_once():
    with pytest.warns(DevalWarning, match="offsets were lost"):
        assert measure(measurement(faulty_metrics.Warns), TABLE, 0, {}).warnings == ("offsets were lost",)


def test_an_estimate_of_the_time_that_exits_or_prints_costs_no_score(capsys):
    assert measure(measurement(faulty_metrics.WrongEstimate), TABLE, 0, {}).value == 1
    assert capsys.readouterr().out == ""


def test_a_metric_that_fails_costs_its_own_score_alone():
    kinds = (faulty_metrics.Raises, faulty_metrics.NumpyNumbers, faulty_metrics.NotFinite)
    with pytest.warns(DevalWarning) as warned:
        results = measure_each(((measurement(kind), OPENED) for kind in kinds), 0)
    assert list(results) == ["numpynumbers"]
    assert [str(one.message).partition(":")[0] for one in warned] == ["raises failed", "notfinite failed"]
    with pytest.raises(DevalError, match="KeyError"):
        measure_each([(measurement(faulty_metrics.Raises), OPENED)], 0)


def test_a_metric_that_fails_on_one_subject_costs_no_score_of_another():
    other = OpenedSubject("another table", TABLE, {})
    planned = [(measurement(faulty_metrics.NumpyNumbers), OPENED), (measurement(faulty_metrics.Raises), other)]
    with pytest.warns(DevalWarning, match="raises failed"):
        assert list(measure_each(planned, 0)) == ["numpynumbers"]


def test_a_metric_that_is_named_twice_is_scored_once_and_counts_as_asked_for():
    twice = [(one.name, one.asked) for one in plan(["all", "mig", "mig"], ["dlib", "dlib"])]
    assert [name for name, _ in twice] == [one.name for one in plan(["all"])]
    assert [name for name, asked in twice if asked] == ["mig"]


def test_a_metric_without_protocols_costs_all_nothing_but_itself(monkeypatch):
    unnamed = measurement(faulty_metrics.Raises).metric
    monkeypatch.setattr(faulty_metrics.PlainConfig, "protocols", {})
    registry = Registry({}, {}, {**load_registry().metrics, "raises": unnamed})
    monkeypatch.setattr("disentangle_eval.scoring.measurements.load_registry", lambda: registry)
    with pytest.warns(DevalWarning, match="raises left out: metric 'raises' of deval-strange names no protocol"):
        assert "mig" in [one.name for one in plan(["all"])]
    with pytest.raises(DevalError, match="names no protocol"):
        plan(["raises"])


@pytest.fixture
def forest(monkeypatch):
    """A metric called `forest` whose settings have settings of their own."""
    record = measurement(faulty_metrics.NumpyNumbers).metric
    changed = replace(record, spec=replace(record.spec, config="faulty_metrics:ForestConfig"))
    registry = Registry({}, {}, {"forest": changed})
    monkeypatch.setattr("disentangle_eval.scoring.measurements.load_registry", lambda: registry)


@pytest.mark.parametrize("change", [{"forest": {"num_trees": 5}}, {"forest.num_trees": "5"}])
def test_a_setting_within_settings_leaves_the_protocol_s_others_alone(forest, change):
    (one,) = plan(["forest"], changes=change)
    assert (one.protocol, one.cfg.forest) == ("large, forest.num_trees=5", faulty_metrics.Forest(num_trees=5, depth=9))
    with pytest.raises(UsageError, match=r"received forest.num_tree, .*did you mean 'forest.num_trees'"):
        plan(["forest"], changes={"forest.num_tree": 5})


def test_a_setting_that_is_the_protocol_s_own_leaves_its_name_as_it_is():
    (plain,) = plan(["mig"])
    name, value = next(iter(plain.cfg))
    assert [one.protocol for one in plan(["mig"], changes={name: value})] == [plain.protocol]


def test_protocols_with_smaller_settings_within_settings_take_less(forest):
    assert how_to_take_less(plan(["forest"], ["large"])[0]) == "--protocol small takes less"
    assert how_to_take_less(plan(["forest"], ["small"])[0]) == ""


def without_memory(kind):
    """What Python and torch on a CPU raise where there is no memory left."""
    if kind == "python":
        return MemoryError()
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**46)
    return caught.value


@pytest.mark.parametrize("kind", ["python", "torch"])
@pytest.mark.parametrize("name", [record["name"] for record in list_metrics()])
def test_every_metric_that_runs_out_of_memory_says_what_to_lower(name, kind, monkeypatch):
    def score(*_):
        raise without_memory(kind)

    (first, *_) = plan([name])
    monkeypatch.setattr(Registry, "resolve", lambda *_: lambda cfg: SimpleNamespace(score=score))
    with pytest.raises(DevalError, match=rf"^{name}: not enough memory; ") as caught:
        measure(first, TABLE, 0, {})
    named = caught.value.advice.removeprefix("lower one of its settings: ").split(", ")
    if name == "cluster-accuracy":  # counts every image, and holds only their classes
        assert caught.value.advice == "score a smaller data set, or on a machine with more memory"
    else:
        assert set(named) <= set(type(first.cfg).model_fields)
        assert not any("iterations" in setting for setting in named)
