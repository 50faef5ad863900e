"""The overview of metrics names all of them as their records do."""

import contextlib
import io

from doc_pages import PAGES, blocks, table_of

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


def test_every_metric_has_a_page():
    for spec in register_metrics():
        assert f"metrics/{spec.name}.md" in PAGES, spec.name


def test_the_arrays_of_the_command_line_page_score_as_an_import_away():
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(blocks("cli.md", "python")[0], {})
    assert [line.split()[0] for line in printed.getvalue().splitlines()] == ["mig", "irs"]
