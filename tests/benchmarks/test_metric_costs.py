"""What metrics cost, by the evidence, and which of them `all` may stand for."""

import json
from pathlib import Path

from disentangle_eval.metrics import register_metrics
from disentangle_eval.scoring import CODE_NEEDS

EVIDENCE = Path(__file__).parents[2] / "evidence" / "benchmarks" / "metrics.jsonl"
# On a table without labels no metric of labels is measured.
UNMEASURED = {"cluster-accuracy"}


def test_all_stands_for_no_metric_that_costs_more_than_a_minute_on_a_table_of_dsprites():
    lines = map(json.loads, EVIDENCE.read_text(encoding="utf-8").splitlines())
    seconds = {line["task"].split()[0]: line["cpu_seconds"] for line in lines if "reference" not in line["task"]}
    of_all = {spec.name for spec in register_metrics() if spec.in_all and spec.needs <= CODE_NEEDS}
    assert of_all - UNMEASURED <= set(seconds)
    assert {name: seconds[name] for name in of_all - UNMEASURED if seconds[name] > 60} == {}
