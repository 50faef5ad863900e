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


def test_what_metrics_cost_together_and_next_to_encoding():
    lines = evidence("benchmarks/metrics.jsonl")
    encoding = {line["task"]: line for line in lines}
    ours, plain = (encoding[f"{way} 50000"]["wall_seconds"] for way in ("encode", "forward"))
    assert says("metrics/index.md", f"metrics took {ours:.1f} s to encode 50,000 images")
    assert says("metrics/index.md", f"as long as a plain batched forward pass ({plain:.1f} s)")
    assert says("metrics/index.md", f"The process took {encoding['encode 50000']['peak_memory_mib']} MiB at most")
    _, *rows = table_of("metrics/index.md", "metric", "protocol", "seconds")
    assert len(rows) == 9
    assert says("metrics/index.md", f"The nine take {sum(read(row[2]) for row in rows):.0f} s together.")


def test_scores_and_chance_levels_of_the_table_of_codes():
    lines = {line["task"]: line for line in evidence("benchmarks/metrics.jsonl")}
    for metric, task, sentences in (
        ("dci-regression", "dci-regression lasso", ("It is {chance:.2f} for", "whose own score is {value:.2f}.")),
        ("infomec", "infomec hsu", ("permutations: {chance:.2f} for", "whose own InfoM is {value:.2f}.")),
        ("jemmig", "jemmig do-tran", ("it is {chance:.2f} where the score is {value:.2f}.",)),
        ("dci", "dci dlib", ("the disentanglement is {value:.4f},",)),
        ("dci", "dci reference", ("and {value:.4f} in another.",)),
    ):
        for sentence in sentences:
            assert says(f"metrics/{metric}.md", sentence.format(**lines[task])), sentence


def test_the_guide_lists_every_need_of_a_metric():
    guide = (DOCS / "plugin-guide.md").read_text()
    paragraph = guide.partition("The spec's `needs` lists")[2].partition("\n\n")[0]
    assert set(get_args(Need)) <= set(re.findall(r"`([a-z-]+)`", paragraph))
