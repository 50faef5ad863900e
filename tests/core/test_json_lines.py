"""Files of JSON lines after what happens to files: a full disk, half a line, bytes that are no text."""

import errno
import os
import threading
import time

import pytest

from disentangle_eval.errors import DevalError, DevalWarning
from disentangle_eval.runtime import json_lines
from disentangle_eval.runtime.files import write_atomically
from disentangle_eval.runtime.json_lines import append_line, read_lines, set_damaged_aside


def test_a_line_behind_half_a_line_starts_on_its_own(tmp_path):
    path = tmp_path / "results.jsonl"
    path.write_text('{"a": 1}\n{"a": 2, "b"')
    append_line(path, '{"a": 3}')
    with pytest.warns(DevalWarning, match=r"results.jsonl: line 2: damaged"):
        lines = read_lines(path)
    assert [line["a"] for line in lines.records] == [1, 3]
    assert (lines.numbers, lines.damaged) == ([1, 3], [2])


def test_a_disk_that_fills_up_within_a_line_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "results.jsonl"
    append_line(path, '{"a": 1}')
    write, calls = os.write, []

    def fills(handle, contents):
        calls.append(contents)
        if len(calls) == 1:
            return write(handle, contents[:4])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", fills)
    with pytest.raises(DevalError, match="the disk is full"):
        append_line(path, '{"a": 2}')
    assert path.read_text() == '{"a": 1}\n'


def test_damaged_lines_are_set_aside_and_valid_ones_stay(tmp_path):
    path = tmp_path / "results.jsonl"
    path.write_bytes(b'{"a": 1}\n\xff\xfe{"a"\n[3]\n\n{"a": 4}\n{"a": 5')
    with pytest.warns(DevalWarning, match=r"line 2, 3, 6: damaged.* moved to results.jsonl.damaged"):
        set_damaged_aside(path)
    assert path.read_text() == '{"a": 1}\n{"a": 4}\n'
    assert (tmp_path / "results.jsonl.damaged").read_bytes() == b'\xff\xfe{"a"\n[3]\n{"a": 5\n'
    assert [line["a"] for line in read_lines(path).records] == [1, 4]


def test_a_line_written_while_damaged_ones_are_moved_is_kept(tmp_path, monkeypatch):
    path = tmp_path / "results.jsonl"
    path.write_text('{"a": 1}\n[2]\n')
    writers = [threading.Thread(target=append_line, args=(path, f'{{"a": {number}}}')) for number in (3, 4)]
    writers[0].start()
    writers[0].join()

    def replace_late(path, write):
        writers[1].start()  # it opens the file that is about to be replaced, and waits for its lock
        time.sleep(0.1)
        write_atomically(path, write)

    monkeypatch.setattr(json_lines, "write_atomically", replace_late)
    with pytest.warns(DevalWarning, match="line 2: damaged; moved"):
        set_damaged_aside(path)
    writers[1].join()
    assert [line["a"] for line in read_lines(path).records] == [1, 3, 4]


def test_a_file_that_is_no_text_is_named(tmp_path):
    path = tmp_path / "results.jsonl"
    path.write_text('{"a": 1}\n', encoding="utf-16")
    with pytest.raises(DevalError, match=r"results.jsonl: received a file that is not UTF-8 text"):
        read_lines(path)
    assert read_lines(tmp_path / "absent.jsonl").records == []


def test_a_pipe_or_a_folder_is_refused_and_not_waited_for(tmp_path):
    path = tmp_path / "results.jsonl"
    os.mkfifo(path)
    for use in (read_lines, set_damaged_aside, lambda path: append_line(path, "{}")):
        with pytest.raises(DevalError, match=r"results\.jsonl"):
            use(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(DevalError, match="received no plain file, expected one JSON object per line"):
        read_lines(path)


def test_text_without_any_record_is_damaged_or_empty_and_no_error(tmp_path):
    path = tmp_path / "results.jsonl"
    path.write_text("\n\n")
    assert read_lines(path).records == read_lines(path).damaged == []
    path.write_text('\n{"a": ')
    with pytest.warns(DevalWarning, match="line 2: damaged"):
        assert read_lines(path).damaged == [2]
