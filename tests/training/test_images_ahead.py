"""Training on images that stay in main memory is training on the same images, to the last bit."""

from __future__ import annotations

import threading

import pytest
import torch
from toy_gan import SHAPE, assert_same_run, finish, started, toy_run

from disentangle_eval.api import ImageShape
from disentangle_eval.data.dataset import ImageDataset
from disentangle_eval.data.host_images import HostImages, Lane
from disentangle_eval.data.images import ByteImages
from disentangle_eval.training.step import TrainingStep

CPU = torch.device("cpu")


def stored() -> ImageDataset:
    pixels = torch.randint(256, (10, *SHAPE), generator=torch.Generator().manual_seed(5)).to(torch.uint8)
    return ImageDataset("toy@drawn", "0" * 64, ByteImages(pixels))


def in_main_memory(lane: type[Lane] | None = None) -> ImageDataset:
    data = stored()
    return ImageDataset(data.name, data.sha256, HostImages(data.store, CPU, lane))


def gathering() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("gather-images")]


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    return finish(started(tmp_path_factory.mktemp("unbroken") / "run", data=stored()))


def test_a_run_is_the_same_from_main_memory_and_its_thread_ends_with_it(tmp_path, unbroken):
    before = len(gathering())
    ran = finish(started(tmp_path / "run", data=in_main_memory()))
    assert_same_run(ran, unbroken)
    assert ran.log.read_bytes() == unbroken.log.read_bytes()
    assert len(gathering()) == before


@pytest.mark.parametrize("n", [1, 3, 4, 7])
def test_a_run_stopped_and_resumed_counts_no_batch_that_was_only_gathered(tmp_path, unbroken, n):
    run = started(tmp_path / "run", data=in_main_memory())
    images = run.training.step.images

    def stop():
        if run.iteration == n - 1:
            run.stop()
        return images()

    run.training.step.images = stop
    finish(run)
    assert run.training.step.sampler.drawn == run.iteration == n
    again = toy_run(tmp_path / "run", data=in_main_memory())
    again.resume()
    assert_same_run(finish(again), unbroken)


def test_every_batch_but_the_first_was_gathered_ahead():
    """Across ends of epochs: three batches an epoch."""
    gathered: list[list[int]] = []

    class Watched(Lane):
        def fill(self, rows, index):
            gathered.append(index.tolist())
            super().fill(rows, index)

    steps = [TrainingStep(data, 3, 0, CPU) for data in (in_main_memory(Watched), stored())]
    indices = []
    for _ in range(10):
        indices.append(steps[1].sampler.peek().tolist())
        assert torch.equal(*(step.images() for step in steps))
    steps[0].close()
    assert gathered[:9] == indices[1:]
    assert len(gathered) == 10


def test_each_of_several_seeds_gathers_its_own_batches_ahead():
    gathered = []

    class Watched(Lane):
        def fill(self, rows, index):
            gathered.append(index.tolist())
            super().fill(rows, index)

    data = in_main_memory(Watched)
    steps = [TrainingStep(data, 3, seed, CPU) for seed in (0, 1)]
    alone = [TrainingStep(stored(), 3, seed, CPU) for seed in (0, 1)]
    for _ in range(4):
        for step, other in zip(steps, alone, strict=True):
            assert torch.equal(step.images(), other.images())
            assert step.host._ahead.index.tolist() == step.sampler.peek().tolist()
    for step in steps:
        step.close()
    assert len(gathered) == 8


def test_what_goes_wrong_in_the_thread_ends_the_run_and_the_thread(tmp_path):
    before = len(gathering())

    class Failing(Lane):
        def fill(self, rows, index):
            raise OSError("the disk is gone")

    run = started(tmp_path / "run", data=in_main_memory(Failing))
    with pytest.raises(OSError, match="the disk is gone"):
        finish(run)
    assert run.iteration == 1
    assert len(gathering()) == before


def test_a_batch_is_laid_out_channels_last():
    for pixels in (torch.zeros(8, 3, 6, 5), torch.zeros(8, 1, 6, 5)):
        data = ImageDataset("toy", "0" * 64, ByteImages(pixels.to(torch.uint8)))
        batch = TrainingStep(data, 4, 0, CPU).images()
        assert batch.is_contiguous(memory_format=torch.channels_last)
        assert data.shape == ImageShape(*pixels.shape[1:])
