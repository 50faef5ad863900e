from __future__ import annotations

import threading
from itertools import pairwise

import numpy as np
import pytest
import torch

from disentangle_eval.api import ImageShape
from disentangle_eval.data.host_images import HostImages, Lane
from disentangle_eval.data.images import BitImages, ByteImages

CPU = torch.device("cpu")


def byte_images(count=20) -> ByteImages:
    return ByteImages(torch.from_numpy(np.random.default_rng(0).integers(0, 256, (count, 3, 6, 5), dtype=np.uint8)))


def last_channels(count=20) -> ByteImages:
    return ByteImages(byte_images(count).pixels.contiguous(memory_format=torch.channels_last))


def bit_images(count=20) -> BitImages:
    packed = np.random.default_rng(0).integers(0, 256, (count, 14), dtype=np.uint8)
    return BitImages(torch.from_numpy(packed), ImageShape(3, 5, 7))


def gathering() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("gather-images")]


@pytest.mark.parametrize("make", [byte_images, last_channels, bit_images])
def test_batches_are_those_of_the_store_whether_asked_for_ahead_or_not(make):
    store, host = make(), HostImages(make(), CPU)
    assert (len(host), host.shape) == (len(store), store.shape)
    kept = []
    for seed in range(6):
        index = torch.randint(20, (4,), generator=torch.Generator().manual_seed(seed))
        host.prefetch(index)
        other = torch.tensor([seed, 19])
        assert torch.equal(host.images(other), store.images(other))
        kept.append((host.images(index.clone()), store.images(index)))
        assert torch.equal(host.images(index), kept[-1][1])
    for batch, expected in kept:
        assert torch.equal(batch, expected)
        assert batch.stride() == expected.stride()
    host.close()


def test_what_was_asked_for_ahead_and_never_used_gives_way():
    host, store = HostImages(byte_images(), CPU), byte_images()
    for index in torch.arange(18).split(3):
        host.prefetch(index)
    assert torch.equal(host.images(index), store.images(index))
    host.prefetch(torch.arange(7))
    assert torch.equal(host.images(torch.arange(7)), store.images(torch.arange(7)))
    host.close()


def test_the_next_batch_is_gathered_while_the_one_before_is_used():
    """Neither lane can be filled before the test allows it, so `prefetch` does not wait for what it starts."""
    allowed = threading.Semaphore(0)

    class Held(Lane):
        def fill(self, rows, index):
            assert threading.current_thread() in gathering()
            assert allowed.acquire(timeout=10)
            super().fill(rows, index)

    host, store = HostImages(byte_images(), CPU, Held), byte_images()
    for index in torch.arange(12).split(4):
        host.prefetch(index)
        allowed.release()
        assert torch.equal(host.images(index), store.images(index))
    host.close()


def test_lanes_take_turns_so_that_a_batch_is_not_overwritten_while_it_is_read():
    filled: list[int] = []

    class Watched(Lane):
        def fill(self, rows, index):
            filled.append(id(self))
            super().fill(rows, index)

    host = HostImages(byte_images(), CPU, Watched)
    for index in torch.arange(20).split(4):
        host.prefetch(index)
        host.images(index)
    host.close()
    assert len(set(filled)) == 2
    assert all(one != next_ for one, next_ in pairwise(filled))


def test_what_goes_wrong_in_the_thread_is_raised_where_the_batch_is_taken():
    host = HostImages(byte_images(), CPU)
    index = torch.tensor([0, 20])
    host.prefetch(index)
    with pytest.raises(IndexError, match="out of bounds"):
        host.images(index)
    host.prefetch(torch.tensor([0, 1]))
    assert torch.equal(host.images(torch.tensor([0, 1])), byte_images().images(torch.tensor([0, 1])))
    host.close()


def test_the_thread_ends_when_the_store_is_closed_and_may_start_again():
    before = len(gathering())
    host = HostImages(byte_images(), CPU)
    assert len(gathering()) == before
    host.prefetch(torch.arange(3))
    assert len(gathering()) == before + 1
    host.close()
    assert len(gathering()) == before
    host.prefetch(torch.arange(3))
    host.images(torch.arange(3))
    host.close()
    host.close()
    assert len(gathering()) == before


def test_a_mapped_file_is_not_copied(tmp_path):
    pixels = np.lib.format.open_memmap(tmp_path / "pixels.npy", mode="w+", dtype=np.uint8, shape=(50, 1, 4, 4))
    store = ByteImages(torch.from_numpy(pixels))
    host = HostImages(store, CPU)
    assert host.store.rows.data_ptr() == pixels.ctypes.data
    host.prefetch(torch.arange(3))
    pixels[7] = 255
    assert host.images(torch.tensor([7])).min() == 1
    host.close()


def test_nothing_of_a_store_is_read_from_a_device():
    """Tensors of the meta device hold no values: what reads one fails there."""
    host = HostImages(byte_images(), torch.device("meta"))
    batch = host.images(torch.arange(4))
    assert (batch.device.type, batch.shape) == ("meta", (4, 3, 6, 5))


def test_it_moves_as_its_store_does():
    assert isinstance(HostImages(byte_images(), CPU).to(CPU), ByteImages)
