"""The arrays that the page on users' own data prints are the data set it says they are."""

import shlex

import pytest
from doc_pages import blocks, shell_lines, tables

from disentangle_eval.cli.main import main
from disentangle_eval.data.own.config import ArrayConfig, HubConfig

PAGE = "data/own-data.md"


def test_the_example_is_written_checked_shown_and_packed(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (code,) = blocks(PAGE, "python")
    exec(code, {})
    offline = [line for line in shell_lines(PAGE) if line.startswith("deval data ") and "hf:" not in line]
    assert len(offline) == 3
    for line in [*offline, "deval data verify h5:squares.h5"]:
        with pytest.raises(SystemExit) as ended:
            main(shlex.split(line)[1:])
        assert ended.value.code == 0, line
    told = capsys.readouterr().out
    assert told.count("images   600 of 1 x 28 x 28") == 2
    assert told.count("factors  side 3, x 10, y 10; not every combination is there") == 2
    assert told.count("labels   3 classes") == 2


def test_every_setting_has_its_row():
    listed = [[name for name, *_ in table[1:]] for table in tables(PAGE) if table[0][0] == "setting"]
    assert listed == [list(ArrayConfig.model_fields), list(HubConfig.model_fields)]
