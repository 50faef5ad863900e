"""The overview of metrics names all of them as their records do."""

import re
from typing import get_args

import pytest
from doc_pages import DOCS, blocks, evidence, printed_by, read, says, shown, table_of

from disentangle_eval.metrics import register_metrics
from disentangle_eval.registry.lookup import Registered, load_registry
from disentangle_eval.registry.specs import Need


def test_the_overview_is_what_the_records_say():
    _, *rows = table_of("metrics/index.md", "metric", "needs")
    shown = {row[0].partition("]")[0].lstrip("["): row[1:] for row in rows}
    registry = load_registry()
    assert shown == {
        spec.name: [
            ", ".join(sorted(spec.needs)),
            spec.better,
            ", ".join(registry.resolve(Registered(spec, "", ""), "config").protocols),
        ]
        for spec in register_metrics()
    }


@pytest.mark.parametrize("spec", register_metrics(), ids=lambda spec: spec.name)
def test_the_table_of_protocols_on_a_metric_s_page_is_what_its_config_says(spec):
    config = load_registry().resolve(Registered(spec, "", ""), "config")
    (_, *protocols), *rows = table_of(f"metrics/{spec.name}.md", "setting")
    assert protocols == list(config.protocols)
    assert {row[0] for row in rows} == set(config.model_fields)
    for position, protocol in enumerate(protocols):
        cfg = config(**config.protocols[protocol])
        for field, *cells in rows:
            assert read(cells[position]) == shown(getattr(cfg, field)), (protocol, field)


@pytest.mark.parametrize("spec", register_metrics(), ids=lambda spec: spec.name)
def test_the_example_on_a_metric_s_page_prints_what_is_below_it(spec, tmp_path, monkeypatch):
    page = f"metrics/{spec.name}.md"
    if not any("print(" in block for block in blocks(page, "python")[:1]):
        pytest.skip("no example, or one that prints nothing")
    monkeypatch.chdir(tmp_path)
    assert printed_by(page) == blocks(page, "text")[0]


def test_the_arrays_of_the_page_on_the_command_line_are_scored():
    assert [line.split()[0] for line in printed_by("cli.md").splitlines()] == ["mig", "irs"]


def test_the_costs_are_those_measured():
    lines = [line for line in evidence("benchmarks/metrics.jsonl") if line["hardware"].startswith("AMD EPYC,")]
    measured = {line["task"]: line for line in lines}
    ours = {task.partition(" ")[0]: line for task, line in measured.items() if not task.endswith(" reference")}
    for metric, *cells in table_of("metrics/index.md", "metric", "seconds")[1:]:
        reference = measured.get(f"{metric} reference")
        lines = [ours[metric], ours[metric], reference, reference]
        for cell, line, kind in zip(cells, lines, ["wall_seconds", "cpu_seconds"] * 2, strict=True):
            assert (read(cell) if cell else None) == (line and pytest.approx(line[kind], rel=0.02, abs=0.005)), metric


def test_what_metrics_cost_next_to_encoding_and_before():
    lines = {line["task"]: line for line in evidence("benchmarks/metrics.jsonl")}
    ours, plain = (lines[f"{way} 50000"]["wall_seconds"] for way in ("encode", "forward"))
    assert says("metrics/index.md", f"metrics took {ours:.2f} s to encode 50,000 images")
    assert says("metrics/index.md", f"{ours / plain:.2f} times the {plain:.2f} s of a plain batched forward pass")
    assert says("metrics/index.md", f"The process took {lines['encode 50000']['peak_memory_mib']} MiB at most")
    seconds = {}
    for line in evidence("benchmarks/metrics_before_after.jsonl"):
        seconds.setdefault((line["task"], line["code"]), []).append(line["cpu_seconds"])
    (sap, modularity), (sap_before, modularity_before) = (
        [sum(seconds[task, code]) for task in ("sap dlib", "modularity-explicitness dlib")]
        for code in ("after", "before")
    )
    assert says("metrics/index.md", f"they now take {sap:.2f} and {modularity:.2f} CPU seconds")
    assert says("metrics/index.md", f"instead of {sap_before:.2f} and {modularity_before:.2f}.")
    now, before = (sum(seconds["dci dlib", code]) / 2 for code in ("after", "before"))
    assert says("metrics/index.md", f"in {now:.0f} CPU seconds instead of {before:.0f}")


def test_scores_and_chance_levels_of_the_table_of_codes():
    lines = {line["task"]: line for line in evidence("benchmarks/metrics.jsonl")}
    for metric, task, sentences in (
        ("dci-regression", "dci-regression lasso", ("It is {chance:.2f} for", "whose own score is {value:.2f}.")),
        ("infomec", "infomec hsu", ("permutations: {chance:.2f} for", "whose own InfoM is {value:.2f}.")),
        ("jemmig", "jemmig do-tran", ("it is {chance:.2f} where the score is {value:.2f}.",)),
        ("dci", "dci dlib", ("the disentanglement is {value:.4f},",)),
        ("dci", "dci reference", ("by the reference {value:.4f}.",)),
    ):
        for sentence in sentences:
            assert says(f"metrics/{metric}.md", sentence.format(**lines[task])), sentence


def test_the_guide_lists_every_need_of_a_metric():
    guide = (DOCS / "plugin-guide.md").read_text()
    paragraph = guide.partition("The spec's `needs` lists")[2].partition("\n\n")[0]
    assert set(get_args(Need)) <= set(re.findall(r"`([a-z-]+)`", paragraph))
