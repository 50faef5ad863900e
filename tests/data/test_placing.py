from __future__ import annotations

import logging

import pytest
import torch

from disentangle_eval.data import placing
from disentangle_eval.data.dataset import ImageDataset, images_ahead
from disentangle_eval.data.host_images import HostImages
from disentangle_eval.data.images import ByteImages
from disentangle_eval.data.placing import data_share, place_images
from disentangle_eval.errors import UsageError

CPU = torch.device("cpu")
STORE = ByteImages(torch.zeros(100, 1, 10, 10, dtype=torch.uint8))


@pytest.fixture
def free(monkeypatch):
    """Gives the CPU a free memory of its own."""

    def set_free(size):
        monkeypatch.setattr(placing, "free_memory", lambda device: size)

    return set_free


@pytest.mark.parametrize(
    ("share", "size", "fits"), [(0.5, 20_000, True), (0.5, 19_999, False), (1, 10_000, True), (0, 10**12, False)]
)
def test_images_go_to_the_device_within_their_share_of_its_memory(free, caplog, share, size, fits):
    free(size)
    caplog.set_level(logging.INFO, "disentangle_eval")
    placed = place_images(STORE, CPU, share)
    assert isinstance(placed, ByteImages if fits else HostImages)
    [line] = caplog.messages
    assert ("kept there" if fits else "kept in main memory") in line
    assert f"DEVAL_DATA_SHARE={share:g}" in line


def test_a_device_without_memory_of_its_own_is_no_choice(caplog):
    caplog.set_level(logging.INFO, "disentangle_eval")
    assert isinstance(place_images(STORE, CPU, 0), ByteImages)
    assert not caplog.messages


def test_a_data_set_moves_as_its_store_does(free, monkeypatch):
    free(10_000)
    data = ImageDataset("toy", "0" * 64, STORE)
    moved = data.to(CPU)
    assert images_ahead(moved) is moved.store
    monkeypatch.setenv("DEVAL_DATA_SHARE", "1")
    assert images_ahead(data.to(CPU)) is None
    assert images_ahead(moved.to(CPU)) is None


@pytest.mark.parametrize("text", ["half", "-0.1", "50", "nan"])
def test_a_share_that_is_none_is_a_usage_error(monkeypatch, text):
    monkeypatch.setenv("DEVAL_DATA_SHARE", text)
    with pytest.raises(UsageError, match=f"DEVAL_DATA_SHARE: received '{text}', expected a number from 0 to 1"):
        data_share()


def test_the_share_is_half_unless_set(monkeypatch):
    monkeypatch.delenv("DEVAL_DATA_SHARE", raising=False)
    assert data_share() == 0.5
