"""One broken plugin is reported with its distribution and cause, and everything else goes on."""

import sys
from pathlib import Path

import pytest

from disentangle_eval.errors import DevalError
from disentangle_eval.registry.manager import Plugin, load_plugins

BROKEN = {
    "deval-raises": "'deval_raises' cannot be loaded: RuntimeError: first line second line \\x1b[31m "
    'at deval_raises.py:3 (raise RuntimeError("first line\\nsecond line \\x1b[31m"))',
    "deval-exits": "'deval_exits' cannot be loaded: SystemExit: 0 at deval_exits.py:5 (sys.exit(0))",
    "deval-missing-dependency": "'deval_missing_dependency' cannot be loaded: ModuleNotFoundError: No module named "
    "'a_module_nobody_installed' at deval_missing_dependency.py:3 (import a_module_nobody_installed # noqa: F401)",
    "deval-unmarked": "'deval_unmarked' has no hook; mark its register_* functions with disentangle_eval.hookimpl",
    "deval-other-api": "model 'other-api': written for plugin interface 999, expected 1; update disentangle-eval",
}


def loaded() -> dict[str, Plugin]:
    return {plugin.distribution: plugin for plugin in load_plugins()}


def causes(plugin: Plugin) -> list[str]:
    return [problem.cause for problem in plugin.problems]


def names(plugin: Plugin) -> list[str]:
    return [spec.name for spec in plugin.specs]


@pytest.mark.parametrize(("name", "cause"), BROKEN.items())
def test_broken_plugin_brings_nothing_and_says_why(install, name, cause):
    install(name)
    plugin = loaded()[name]
    assert names(plugin) == []
    assert causes(plugin) == [cause]
    assert str(plugin.problems[0]) == f"plugin {name.removeprefix('deval-').split('-d')[0]!r} of {name} 0.1: {cause}"


def test_broken_plugins_leave_the_others_alone(install):
    install("deval-good", "deval-misspelled", *BROKEN)
    plugins = loaded()
    assert names(plugins["deval-good"]) == ["good", "good", "good"]
    assert causes(plugins["deval-good"]) == []
    assert names(plugins["disentangle-eval"])


def test_misspelled_hook_is_named_beside_the_hooks_there_are(install):
    install("deval-misspelled")
    (cause,) = causes(loaded()["deval-misspelled"])
    assert "unknown hook 'register_model'" in cause
    assert "register_models, register_datasets, register_metrics" in cause


def test_what_is_no_record_is_left_out(install):
    install("deval-non-record")
    plugin = loaded()["deval-non-record"]
    assert names(plugin) == ["among-them"]
    assert causes(plugin) == [
        "register_models yielded dict, expected ModelSpec",
        "register_models yielded DatasetSpec, expected ModelSpec",
        "register_metrics failed: TypeError: 'NoneType' object is not iterable",
    ]


def test_records_before_an_exception_and_of_other_hooks_count(install):
    install("deval-halfway")
    plugin = loaded()["deval-halfway"]
    assert names(plugin) == ["before", "beside"]
    (cause,) = causes(plugin)
    assert cause.startswith("register_models failed: ValueError: ModelSpec.name: received 'Not A Name'")


def test_taken_name_stays_with_the_core_and_the_conflict_names_both_owners(install):
    install("aaa-taken")
    plugins = load_plugins()
    taken = next(plugin for plugin in plugins if plugin.distribution == "aaa-taken")
    assert [(type(spec).__name__, spec.name, spec.summary) for spec in taken.specs] == [
        ("ModelSpec", "twice", "the first")
    ]
    twice, conflict = causes(taken)
    assert twice == "model 'twice': registered twice"
    assert conflict.startswith("dataset 'dsprites': claimed by aaa-taken 0.1, taken by disentangle-eval ")
    assert plugins[0].distribution == "disentangle-eval"


def test_two_distributions_with_one_entry_point_name_are_both_seen(install):
    install("deval-same-one", "deval-same-two")
    plugins = loaded()
    assert (plugins["deval-same-one"].entry_point, names(plugins["deval-same-one"])) == ("same", ["same-one"])
    assert (plugins["deval-same-two"].entry_point, names(plugins["deval-same-two"])) == ("same", ["same-two"])


def test_two_copies_of_a_distribution_on_the_path_are_one(install, monkeypatch, tmp_path):
    site = install("deval-good")
    (tmp_path / "again").symlink_to(site)
    monkeypatch.syspath_prepend(tmp_path / "again")
    assert [plugin.entry_point for plugin in load_plugins() if plugin.distribution == "deval-good"] == ["good"]


def test_order_does_not_depend_on_the_path(install):
    install("deval-same-two", "deval-same-one", "deval-good", "aaa-taken")
    order = [plugin.distribution for plugin in load_plugins() if plugin.distribution != "disentangle-eval"]
    ours = [name for name in order if name in {"aaa-taken", "deval-good", "deval-same-one", "deval-same-two"}]
    assert ours == ["aaa-taken", "deval-good", "deval-same-one", "deval-same-two"]


@pytest.mark.parametrize("content", [b"[deval]\nno equals sign\n", b"[deval]\nname = \xff\n"])
def test_unreadable_entry_points_are_the_problem_of_their_distribution(install, content):
    site = install("deval-good", "deval-raises")
    (metadata,) = site.glob("deval_raises-*.dist-info")
    (metadata / "entry_points.txt").write_bytes(content)
    plugins = loaded()
    assert causes(plugins["deval-raises"])[0].startswith("'entry_points.txt' cannot be loaded: ")
    assert names(plugins["deval-good"]) == ["good", "good", "good"]


def test_metadata_without_a_name_is_a_plugin_like_any_other(install):
    site = install("deval-good")
    (metadata,) = site.glob("deval_good-*.dist-info")
    (metadata / "METADATA").unlink()
    assert names(loaded()["unnamed"]) == ["good", "good", "good"]


def test_an_interrupt_is_no_problem_of_a_plugin(install):
    site = install("deval-raises")
    Path(site, "deval_raises.py").write_text("raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        load_plugins()


def test_what_a_plugin_prints_goes_to_stderr(install, capsys):
    site = install("deval-good")
    with Path(site, "deval_good", "__init__.py").open("a") as module:
        module.write("print('hello')\n")
    load_plugins()
    assert capsys.readouterr() == ("", "hello\n")


def test_strict_raises_the_first_problem_with_its_cause(install, monkeypatch):
    install("deval-raises")
    monkeypatch.setenv("DEVAL_STRICT_PLUGINS", "1")
    with pytest.raises(DevalError, match=r"^plugin 'raises' of deval-raises 0\.1: .* first line second line") as raised:
        load_plugins()
    assert isinstance(raised.value.__cause__, RuntimeError)


def test_loading_leaves_the_targets_alone(install):
    install("deval-good")
    load_plugins()
    assert "deval_good.parts" not in sys.modules
