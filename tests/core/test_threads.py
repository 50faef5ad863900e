"""Threads: what affinity and quota allow, whatever the load, and how much other work there is."""

import os
import subprocess
import sys
import time

import pytest

from disentangle_eval.runtime import threads


@pytest.mark.parametrize(
    ("files", "membership", "quota"),
    [
        ({"cpu.max": "150000 100000\n"}, "0::/\n", 1.5),
        ({"cpu.max": "max 100000\n"}, "0::/\n", None),
        ({"cpu.max": "400000 100000", "a/b/cpu.max": "max 100000", "a/cpu.max": "250000 100000"}, "0::/a/b\n", 2.5),
        ({"cpu/x/cpu.cfs_quota_us": "50000", "cpu/x/cpu.cfs_period_us": "100000"}, "4:cpu,cpuacct:/x\n0::/\n", 0.5),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, "1:cpu:/\n2:cpuset:/\n", None),
        ({"cpu/cpu.cfs_quota_us": "300000", "cpu/cpu.cfs_period_us": "100000"}, "1:cpu:/gone/in/here\n", 3.0),
        ({"cpu.max": "damaged"}, "0::/\n", None),
        ({}, "", None),
    ],
)
def test_the_least_quota_of_a_cgroup_and_those_above_it_counts(tmp_path, files, membership, quota):
    for name, text in files.items():
        (tmp_path / "root" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "root" / name).write_text(text)
    (tmp_path / "cgroup").write_text(membership)
    assert threads.cgroup_quota(tmp_path / "root", tmp_path / "cgroup") == quota


@pytest.mark.parametrize(("quota", "cores"), [(None, 4), (2.9, 2), (0.5, 1), (16.0, 4)])
def test_available_cores_are_those_of_affinity_and_quota(monkeypatch, quota, cores):
    monkeypatch.setattr(threads, "own_cores", lambda: {0, 1, 2, 5})
    monkeypatch.setattr(threads, "cgroup_quota", lambda: quota)
    assert threads.available_cores() == cores


def test_the_work_of_others_is_told_from_one_s_own(monkeypatch):
    clock = {"wall": 0.0, "busy": 100.0, "own": 10.0}
    monkeypatch.setattr(time, "monotonic", lambda: clock["wall"])
    monkeypatch.setattr(threads, "busy_seconds", lambda: clock["busy"])
    monkeypatch.setattr(threads, "own_seconds", lambda: clock["own"])
    monkeypatch.setattr(threads, "own_cores", lambda: {0, 1})
    load = threads.Load()
    clock.update(wall=2.0, busy=103.0, own=11.0)
    assert load.of_others() == pytest.approx(1.0)
    clock.update(busy=100.5, own=12.0)
    assert load.of_others() == 0.0


@pytest.mark.parametrize(("others", "free"), [(0.0, 4), (0.4, 4), (1.2, 3), (3.9, 1)])
def test_auto_takes_the_cores_that_are_left(monkeypatch, others, free):
    monkeypatch.setattr(threads, "default_threads", lambda: 4)
    monkeypatch.setattr(threads, "available_cores", lambda: 4)
    monkeypatch.setattr(threads.Load, "of_others", lambda self: others)
    monkeypatch.setattr(threads, "WATCHED_SECONDS", 0.0)
    assert threads.free_threads() == free


def test_the_default_is_limited_by_omp_num_threads():
    code = "from disentangle_eval.runtime.threads import default_threads; print(default_threads())"
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"
