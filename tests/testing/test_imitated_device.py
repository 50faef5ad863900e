"""Every model trains and answers on a device that is not the CPU, and the device refuses what a GPU does."""

import numpy as np
import pytest
import torch
from small_models import small
from torch import nn

from disentangle_eval.api import ImageShape
from disentangle_eval.data import images
from disentangle_eval.data.dataset import ImageDataset
from disentangle_eval.data.images import BitImages
from disentangle_eval.registry.lookup import load_registry
from disentangle_eval.testing.checks.offers import calls
from disentangle_eval.testing.imitated_device import DeviceError, imitated_device
from disentangle_eval.testing.trial import training_images
from disentangle_eval.training.training import Training

CPU = torch.device("cpu")


def trained(candidate, device):
    data = training_images(candidate).to(device)
    return Training(candidate.model(seed=0), data, candidate.settings(), 0, device)


@pytest.mark.parametrize("name", load_registry().models)
def test_a_model_trains_on_the_device_as_on_the_cpu(name):
    candidate = small(name)
    on_cpu = trained(candidate, CPU)
    on_cpu.advance(2)
    with imitated_device() as imitated:
        training = trained(candidate, imitated.device)
        with imitated.no_host_reads():
            training.advance(2)
        terms = training.means()
        with torch.no_grad():
            for call in calls(candidate, training.model.eval(), imitated.device).values():
                call()
    expected = on_cpu.means()
    assert terms.keys() == expected.keys()
    for term, value in expected.items():
        np.testing.assert_allclose(terms[term], value, rtol=1e-3, atol=1e-4, err_msg=term)


def test_images_stored_as_bits_come_on_the_device():
    images._pixels_of_byte.cache_clear()  # other tests use the device `meta` as it is
    packed = torch.arange(32, dtype=torch.uint8).view(4, 8)
    data = ImageDataset("bits", "0" * 64, BitImages(packed, ImageShape(1, 8, 8)))
    with imitated_device() as imitated:
        found = data.to(imitated.device).images(torch.tensor([3, 1], device=imitated.device))
        assert found.device == imitated.device
        np.testing.assert_array_equal(imitated.host_copy(found), data.images(torch.tensor([3, 1])))


@pytest.mark.parametrize(
    "refused",
    [
        lambda x: x + torch.ones(3),
        lambda x: torch.stack([x[0], torch.ones(())]),
        lambda x: torch.ones(()).add_(x[0]),
        lambda x: torch.ones(3).index_select(0, x.long()),
    ],
)
def test_tensors_of_two_devices_do_not_meet(refused):
    with imitated_device() as imitated, pytest.raises(DeviceError, match="on the CPU meets tensors on the device"):
        refused(torch.ones(3, device=imitated.device))


@pytest.mark.parametrize(
    "read",
    [
        lambda x: x[0].item(),
        lambda x: 1 if x[0] > 0 else 0,
        lambda x: x.tolist(),
        lambda x: x.cpu(),
        lambda x: x[x > 0],
        lambda x: torch.zeros(3).copy_(x),
        lambda x: torch.equal(x, x),
    ],
)
def test_a_host_read_is_refused_where_a_gpu_would_wait_and_works_elsewhere(read):
    with imitated_device() as imitated:
        x = torch.ones(3, device=imitated.device)
        read(x)
        with imitated.no_host_reads(), pytest.raises(DeviceError, match="back to the host"):
            read(x)


def test_what_a_gpu_allows_gives_the_numbers_of_the_cpu():
    def compute(device):
        generator = torch.Generator(device).manual_seed(0)
        x = torch.randn(4, 3, generator=generator, device=device)
        network = nn.Linear(3, 2).to(device)
        with torch.no_grad():
            network.weight.fill_(0.5)
            network.bias.zero_()
        y = network(x * torch.tensor([1.0, 2, 3], device=device) + torch.ones(()))
        (gradient,) = torch.autograd.grad(y.square().sum(), network.weight)
        return gradient[torch.tensor([1, 0])] + x.new_tensor([1.0, 2, 3])

    with imitated_device() as imitated:
        found = imitated.host_copy(compute(imitated.device))
    torch.testing.assert_close(found, compute(CPU))
