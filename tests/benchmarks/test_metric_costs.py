"""What metrics cost, by the evidence, and which of them `all` may stand for."""

import json
from pathlib import Path

from disentangle_eval.registry.lookup import load_registry
from disentangle_eval.scoring.measurements import CODE_NEEDS, plan

EVIDENCE = Path(__file__).parents[2] / "evidence" / "benchmarks" / "metrics.jsonl"
# On a table without labels no metric of labels is measured.
UNMEASURED = {"cluster-accuracy"}


def test_all_stands_for_no_metric_that_costs_more_than_a_minute_on_a_table_of_dsprites():
    lines = map(json.loads, EVIDENCE.read_text(encoding="utf-8").splitlines())
    seconds = {line["task"]: line["cpu_seconds"] for line in lines}
    specs = [metric.spec for metric in load_registry().metrics.values()]
    of_all = {spec.name for spec in specs if spec.in_all and spec.needs <= CODE_NEEDS} - UNMEASURED
    tasks = {f"{planned.metric.spec.name} {planned.protocol}" for planned in plan(sorted(of_all))}
    assert tasks <= set(seconds)
    assert {task: seconds[task] for task in tasks if seconds[task] > 60} == {}
