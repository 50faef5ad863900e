"""What models do with images that training augments, and encoding does not."""

import torch

from disentangle_eval.testing import RecordedStep, record_calls


def assert_encodes_images_as_they_are(model, networks, reader, batch, image):
    """The network `reader` receives the very images that are encoded."""
    model.eval()
    x = RecordedStep(batch, image).images()
    calls = record_calls(model, networks)
    model.encode(x)
    assert torch.equal(calls[reader][0][0], x)


def assert_bound_of_an_iteration_is_under_noise(model, batch, image):
    """The bound of an iteration is that of training, on images under noise; without one, images have none."""
    model.eval()
    step = RecordedStep(batch, image)
    z = model.prior.sample(step, batch)
    assert torch.equal(model.lower_bound(z, step), model.lower_bound(z, step))
    assert not torch.equal(model.lower_bound(z, step), model.lower_bound(z, step, iteration=0))
