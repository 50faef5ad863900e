"""What would stop a study is found before it starts."""

import pytest
import torch
from tiny_studies import study

from disentangle_eval.opening import datasets
from disentangle_eval.opening.datasets import open_dataset
from disentangle_eval.study.checking import check, estimate
from disentangle_eval.training import training


def test_data_weights_and_abilities_that_are_missing_are_found_at_once(grid, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    wanted = study(grid, dataset=[grid, f"npz:{tmp_path / 'none.npz'}"], metrics=["mig", "fid", "cluster-accuracy"])
    messages = [str(error) for error in check(wanted, None)]
    assert len(messages) == 3
    for part in ("no Inception-v3 weights", "none.npz", "cluster-accuracy"):
        assert sum(part in message for message in messages) == 1


def test_clean_batch_statistics_of_a_model_without_any_are_refused(grid):
    (error,) = check(study(grid, batch_statistics="clean"), None)
    assert str(error).startswith("batch_statistics: received 'clean' for 'vae', which has no batch normalisation")
    ibgan = {"model": "ibgan", "generator_width": 2, "discriminator_width": 2}
    assert check(study(grid, models=[ibgan], batch_statistics="clean"), None) == []


def test_nothing_stops_a_sound_study(grid):
    assert check(study(grid), None) == []


@pytest.mark.parametrize(("precision", "measured"), [("bf16", "bf16"), ("tf32", "float32")])
def test_time_is_estimated_in_the_arithmetic_of_the_study_where_a_cpu_has_it(grid, monkeypatch, precision, measured):
    used = []
    monkeypatch.setattr(training, "set_precision", lambda _model, precision, _device: used.append(precision))
    (work,) = estimate(study(grid, precision=precision), None)
    assert (used, work.trials, work.iterations) == ([measured], 1, 3)


def test_a_data_set_is_opened_once_for_all_settings(grid, monkeypatch):
    opened = []
    monkeypatch.setattr(datasets, "open_dataset", lambda name, data_dir: opened.append(name) or open_dataset(name))
    models = [{"model": "vae", "batch_size": 4, "hidden": [8, 16]}]
    assert len(estimate(study(grid, models=models), None)) == 2
    assert opened == [grid]
