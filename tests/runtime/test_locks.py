"""Locks of open files, without waiting and with."""

import os

import pytest

from disentangle_eval.runtime.locks import lock


@pytest.fixture
def handles(tmp_path):
    opened = [os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT) for _ in range(2)]
    yield opened
    for handle in opened:
        os.close(handle)


def test_a_lock_is_had_by_one_alone_and_ends_with_its_file(handles, tmp_path):
    first, second = handles
    lock(first)
    with pytest.raises(BlockingIOError):
        lock(second)
    with pytest.raises(BlockingIOError):
        lock(second, shared=True)
    third = os.open(tmp_path / "other", os.O_RDWR | os.O_CREAT)
    lock(third, wait=True)
    os.close(third)


def test_shared_locks_exclude_an_exclusive_one(handles):
    first, second = handles
    lock(first, shared=True)
    lock(second, shared=True)
    with pytest.raises(BlockingIOError):
        lock(second)
