from __future__ import annotations

import numpy as np
import pytest
import torch

from disentangle_eval.api import ImageShape
from disentangle_eval.data.images import BitImages, ByteImages


def bits(shape: ImageShape, count: int = 20) -> tuple[BitImages, np.ndarray]:
    pixels = np.random.default_rng(0).integers(0, 2, (count, *shape))
    packed = np.packbits(pixels.astype(np.uint8).reshape(count, -1), axis=1)
    return BitImages(torch.from_numpy(packed), shape), pixels


@pytest.mark.parametrize("shape", [ImageShape(1, 64, 64), ImageShape(3, 5, 7)])
def test_bits_come_back_as_the_pixels_that_were_packed(shape):
    images, pixels = bits(shape)
    index = torch.tensor([3, 19, 3, 0])
    batch = images.images(index)
    assert (len(images), images.shape, batch.dtype) == (20, shape, torch.float32)
    np.testing.assert_array_equal(batch, pixels[index])


def test_bytes_come_back_as_fractions_of_255():
    pixels = torch.tensor([[0, 51], [255, 102]], dtype=torch.uint8).view(2, 1, 1, 2)
    images = ByteImages(pixels)
    assert (len(images), images.shape) == (2, ImageShape(1, 1, 2))
    torch.testing.assert_close(images.images(torch.tensor([1, 0])).flatten(), torch.tensor([1, 0.4, 0, 0.2]))


def test_every_byte_is_the_nearest_fraction_in_either_layout_and_a_batch_is_channels_last():
    pixels = torch.arange(256 * 2 * 3, dtype=torch.int64).remainder(256).to(torch.uint8).view(8, 3, 8, 8)
    index = torch.tensor([5, 0, 7])
    for stored in (pixels, pixels.contiguous(memory_format=torch.channels_last)):
        batch = ByteImages(stored).images(index)
        assert torch.equal(batch, pixels[index].float() / 255)
        assert batch.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("images", [bits(ImageShape(1, 8, 8))[0], ByteImages(torch.zeros(20, 1, 8, 8).byte())])
def test_a_batch_needs_no_host_read_and_has_one_shape(images):
    """Tensors of the meta device hold no values: a host read or a shape that hangs on values fails there."""
    batch = images.to(torch.device("meta")).images(torch.arange(4, device="meta"))
    assert (batch.device.type, batch.shape) == ("meta", (4, 1, 8, 8))


@pytest.mark.parametrize(
    "make",
    [
        lambda: BitImages(torch.zeros(4, 9, dtype=torch.uint8), ImageShape(1, 8, 8)),
        lambda: BitImages(torch.zeros(4, 8), ImageShape(1, 8, 8)),
        lambda: ByteImages(torch.zeros(4, 8, 8, dtype=torch.uint8)),
        lambda: ByteImages(torch.zeros(4, 1, 8, 8)),
    ],
)
def test_a_tensor_of_another_form_is_refused(make):
    with pytest.raises(ValueError, match=r"received .* expected"):
        make()
