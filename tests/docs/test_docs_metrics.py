"""The overview of metrics names all of them as their records do."""

import pytest
from doc_pages import printed_by, read, shown, table_of

from disentangle_eval.builtin import register_metrics
from disentangle_eval.registry import Registered, load_registry


def test_the_overview_is_what_the_records_say():
    _, *rows = table_of("metrics/index.md", "metric")
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


def test_the_arrays_of_the_page_on_the_command_line_are_scored():
    assert [line.split()[0] for line in printed_by("cli.md").splitlines()] == ["mig", "irs"]
