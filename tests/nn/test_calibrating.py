"""Batch statistics estimated anew against a plain mean over batches."""

import pytest
import torch
from torch import nn

from disentangle_eval.latents import Normal, Prior, continuous
from disentangle_eval.nn.calibrating import calibrate_batch_statistics
from disentangle_eval.nn.freezing import Frozen


class Reader(nn.Module):
    """Two normalised layers that `encode` passes and one that it does not."""

    def __init__(self):
        super().__init__()
        self.code = continuous(2)
        self.first = nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU())
        self.second = nn.Sequential(nn.Flatten(), nn.Linear(3 * 36, 2), nn.BatchNorm1d(2, momentum=0.01))
        self.other = nn.BatchNorm1d(4)

    def encode(self, x):
        return self.second(self.first(x))


class Bottleneck(nn.Module):
    """As IB-GAN's larger variant: `encode` reads an image and passes the layer that drawing starts with."""

    def __init__(self):
        super().__init__()
        self.prior, self.code = Prior((Normal(2),)), continuous(3)
        self.reader = nn.Sequential(nn.Flatten(), nn.Linear(64, 2), nn.BatchNorm1d(2))
        self.shared = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
        self.drawer = nn.Linear(3, 64)

    def encode(self, x):
        return self.shared(self.reader(x))

    def generate(self, z, draw=None):
        return self.drawer(self.shared(z)).sigmoid().unflatten(1, (1, 8, 8))


def test_layers_that_samples_of_the_prior_pass_keep_their_statistics():
    model = Bottleneck()
    z = torch.randn(4, 2, generator=torch.Generator().manual_seed(2))
    drawn = model.eval().generate(z)
    assert calibrate_batch_statistics(model, [5 + torch.rand(7, 1, 8, 8)]) == 1
    assert torch.equal(model.generate(z), drawn)
    assert not (model.reader[2].running_mean == 0).any()


@pytest.fixture
def model():
    torch.manual_seed(0)
    model = Reader()
    for layer in (model.first[1], model.second[2], model.other):
        layer.running_mean.fill_(5.0)
        layer.running_var.fill_(9.0)
    model.second.eval()
    return model


def test_statistics_are_the_means_over_batches_of_what_the_layer_is_given(model):
    batches = list(torch.rand(3, 7, 1, 8, 8, generator=torch.Generator().manual_seed(1)))
    assert calibrate_batch_statistics(model, batches) == 2
    inside = [model.first[0](batch).detach() for batch in batches]
    mean = torch.stack([h.mean(dim=(0, 2, 3)) for h in inside]).mean(dim=0)
    variance = torch.stack([h.transpose(0, 1).flatten(1).var(dim=1) for h in inside]).mean(dim=0)
    torch.testing.assert_close(model.first[1].running_mean, mean)
    torch.testing.assert_close(model.first[1].running_var, variance)
    assert not (model.second[2].running_mean == 5).any()


def test_what_encode_does_not_pass_is_left_alone_and_modes_and_momentum_stay(model):
    weights = {name: value.clone() for name, value in model.named_parameters()}
    calibrate_batch_statistics(model, [torch.rand(7, 1, 8, 8)])
    assert (model.other.running_mean == 5).all()
    assert (model.other.running_var == 9).all()
    assert (model.first.training, model.second.training, model.second[2].momentum) == (True, False, 0.01)
    assert all(torch.equal(value, weights[name]) for name, value in model.named_parameters())


def test_no_batches_are_refused_and_nothing_is_lost(model):
    with pytest.raises(ValueError, match="expected at least one batch"):
        calibrate_batch_statistics(model, [])
    assert (model.first[1].running_mean == 5).all()


def test_statistics_are_as_before_where_a_later_batch_fails(model):
    with pytest.raises(RuntimeError):
        calibrate_batch_statistics(model, [torch.rand(7, 1, 8, 8), torch.rand(7, 3, 8, 8)])
    assert (model.first[1].running_mean == 5).all()
    assert (model.second[2].running_var == 9).all()


def test_a_frozen_network_keeps_its_statistics(model):
    model.first = Frozen(model.first)
    assert calibrate_batch_statistics(model, [torch.rand(7, 1, 8, 8)]) == 1
    assert (model.first.network[1].running_mean == 5).all()
    assert not (model.second[2].running_mean == 5).any()
