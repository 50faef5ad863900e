"""Names are found or suggested; what a record names is imported on first use."""

import sys

import pytest

from disentangle_eval.errors import DevalError, PluginWarning, UsageError
from disentangle_eval.registry.lookup import Registered, Registry, load_registry
from disentangle_eval.registry.specs import ModelSpec

DANGLING = {
    "no-module": "its target 'deval_dangling.nowhere:Model' cannot be imported: ModuleNotFoundError",
    "no-attribute": "its target 'deval_dangling:Model' cannot be imported: AttributeError",
    "no-dependency": "its target 'deval_dangling.needy:Model' cannot be imported: ModuleNotFoundError",
    "no-return": "its target 'deval_dangling.leaver:Model' cannot be imported: SystemExit",
}


def registry_of(*names: str) -> Registry:
    specs = [ModelSpec(name=name, summary="a model", target="a:A", config="a:C") for name in names]
    return Registry(models={spec.name: Registered(spec, "deval-x", "1.0") for spec in specs}, datasets={}, metrics={})


def test_records_are_found_by_kind_and_name(install):
    install("deval-good")
    registry = load_registry()
    for find in (registry.find_model, registry.find_dataset, registry.find_metric):
        record = find("good")
        assert (record.distribution, record.distribution_version) == ("deval-good", "1.2")


def test_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(UsageError) as raised:
        registry_of("ibgan", "beta-vae").find_model("IBGNA")
    assert str(raised.value) == "model: received 'IBGNA'; did you mean 'ibgan'? `deval models` lists all"


def test_unknown_name_far_from_all_gets_no_suggestion():
    with pytest.raises(UsageError) as raised:
        registry_of("ibgan").find_dataset("zzz")
    assert str(raised.value) == (
        "dataset: received 'zzz', expected one of: none; `deval datasets` lists all; "
        "--plugins FILE.py (in Python DEVAL_PLUGINS) loads those of a file"
    )


def test_problems_warn_once_and_are_named_with_an_unknown_name(install):
    install("deval-raises", "deval-non-record")
    with pytest.warns(PluginWarning, match="^. plugins could not be loaded in full: `deval plugins` says why$") as seen:
        registry = load_registry()
    assert len(seen) == 1
    assert load_registry() is registry
    with pytest.raises(UsageError, match="`deval plugins` says why"):
        registry.find_model("raises")


def test_target_and_config_are_imported_on_use_and_print_to_stderr(install, capsys):
    install("deval-good")
    registry = load_registry()
    record = registry.find_model("good")
    assert registry.resolve(record, "target").__name__ == "Good"
    assert registry.resolve(record, "config").__name__ == "Config"
    assert sys.modules["deval_good.parts"].Good is registry.resolve(record)
    assert capsys.readouterr() == ("", "parts imported\n")


@pytest.mark.parametrize(("name", "cause"), DANGLING.items())
def test_target_that_cannot_be_imported_names_the_distribution(install, name, cause):
    install("deval-dangling")
    registry = load_registry()
    with pytest.raises(DevalError) as raised:
        registry.resolve(registry.find_model(name))
    message = str(raised.value)
    assert message.startswith(f"model {name!r} of deval-dangling 0.1: {cause}")
    assert message.endswith("update or reinstall deval-dangling")
    assert "\n" not in message
