"""What a run folder says of its run."""

import json
import os

import pytest
from run_folders import write_run

from disentangle_eval.errors import DevalError
from disentangle_eval.study.runs import find_runs


@pytest.mark.parametrize("key", ["model", "distribution", "version", "dataset", "seed", "config", "settings"])
def test_a_run_json_without_a_key_is_one_line_that_names_it(tmp_path, key):
    write_run(tmp_path / "run", 0, 1.0)
    file = tmp_path / "run" / "run.json"
    described = json.loads(file.read_text())
    file.write_text(json.dumps({name: value for name, value in described.items() if name != key}))
    with pytest.raises(DevalError, match=rf"run\.json': damaged, .*'{key}'"):
        find_runs([tmp_path])


def test_a_log_that_is_a_pipe_is_not_waited_for(tmp_path):
    write_run(tmp_path / "run", 0, 1.0)
    (tmp_path / "run" / "log.jsonl").unlink()
    os.mkfifo(tmp_path / "run" / "log.jsonl")
    assert [run.iteration for run in find_runs([tmp_path])] == [0]
