"""Images held back from training: which they are, and their terms in the log."""

import copy

import pytest
import torch

from disentangle_eval.api import ImageShape
from disentangle_eval.config import build
from disentangle_eval.data.training_part import KeptImages, WeightedImages, seen_in_training
from disentangle_eval.errors import UsageError
from disentangle_eval.opening.models import build_model
from disentangle_eval.registry.lookup import load_registry
from disentangle_eval.runtime.json_lines import read_lines
from disentangle_eval.testing.trial import random_images
from disentangle_eval.training.folder import RunFolder
from disentangle_eval.training.run import Identity, Run, Ticks
from disentangle_eval.training.training import Training
from disentangle_eval.training.validation import Validation, hold_back

IMAGE = ImageShape(1, 16, 16)
DATA = random_images(IMAGE, n=20, seed=0)


def training(data, name="beta-vae", seed=0, **settings):
    registry = load_registry()
    record = registry.find_model(name)
    cfg = build(
        registry.resolve(record, "config"), {"hidden": 8, "latent_dim": 3, "batch_size": 4, "iterations": 5, **settings}
    )
    return Training(build_model(registry.resolve(record), cfg, IMAGE, 0), data, cfg, seed, torch.device("cpu"))


def test_training_never_sees_them_and_metrics_see_all():
    kept, held = hold_back(DATA, 7)
    index = held.training_part.index
    assert len(index) == 7
    assert sorted([*index.tolist(), *kept.training_part.index.tolist()]) == list(range(20))
    assert len(kept) == len(held) == 20
    step = training(kept).step
    seen = torch.cat([step.images() * 0 + step.index[:, None, None, None] for _ in range(30)])[:, 0, 0, 0]
    assert not set(seen.tolist()) & set(index.tolist())
    assert step.data_size == 13


def test_which_they_are_follows_from_the_number_of_images_alone_and_from_what_training_sees():
    expected = torch.randperm(20, generator=torch.Generator().manual_seed(0))[:7].sort().values
    assert torch.equal(hold_back(DATA, 7)[1].training_part.index, expected)
    part = seen_in_training(DATA, KeptImages(torch.arange(3, 13)))
    kept, held = (one.training_part.index.tolist() for one in hold_back(part, 4))
    assert sorted(kept + held) == list(range(3, 13))


def test_numbers_that_leave_nothing_and_unequal_draws_are_refused():
    for number in (20, 21):
        with pytest.raises(UsageError, match="expected fewer than the 20 images of training"):
            hold_back(DATA, number)
    weighted = seen_in_training(DATA, WeightedImages(torch.arange(2), torch.tensor([0.5, 1.0]).double()))
    with pytest.raises(UsageError, match="drawn unequally often"):
        hold_back(weighted, 2)
    kept, held = hold_back(DATA, 3)
    with pytest.raises(UsageError, match="expected at least a batch of 4 images"):
        Validation(training(kept), held)


def test_the_terms_are_those_of_the_held_back_images():
    kept, held = hold_back(DATA, 8)
    run = training(kept)
    run.advance(2)
    means = Validation(run, held).means()
    assert means.keys() == {f"validation_{name}" for name in run.means()}
    model = run.model.eval()
    x = DATA.images(held.training_part.index)
    with torch.no_grad():
        mean, log_variance = model.gaussian(x)
    kl = 0.5 * (mean.square() + log_variance.exp() - log_variance - 1).mean(dim=0)
    assert means["validation_kl"] == pytest.approx(kl.tolist(), rel=1e-5)


def test_it_moves_nothing_of_the_training_and_is_repeated():
    kept, held = hold_back(DATA, 8)
    plain, judged = training(kept, average_decay=0.5), training(kept, average_decay=0.5)
    validation = Validation(judged, held)
    for _ in range(3):
        plain.advance(1)
        judged.advance(1)
        assert validation.means() == validation.means()
    assert all(torch.equal(value, judged.weights()[name]) for name, value in plain.weights().items())
    assert torch.equal(plain.state()["step"]["generator"], judged.state()["step"]["generator"])
    assert plain.means() == judged.means()
    assert all(module.training for module in judged.model.modules())


def test_every_line_of_the_log_has_them(tmp_path):
    kept, held = hold_back(DATA, 8)
    one = training(kept)
    identity = Identity(model="beta-vae", distribution="disentangle-eval", version=1, dataset="random")
    run = Run(
        one,
        identity=identity,
        folder=RunFolder(tmp_path / "run"),
        ticks=Ticks(log=2, checkpoint=5, snapshot=5),
        validation=Validation(one, held),
    )
    run.start({})
    run.train()
    lines = read_lines(run.folder.log).records
    assert [line["iteration"] for line in lines] == [2, 4, 5]
    assert all({"loss_vae", "validation_loss_vae", "validation_reconstruction"} <= set(line) for line in lines)
    again = Validation(copy.copy(one), held).means()
    assert {name: lines[-1][name] for name in again} == again
