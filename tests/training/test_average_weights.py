"""Models judged with exponential averages of their weights: what they offer, what is kept, and that off is off."""

import copy

import pytest
import torch

from disentangle_eval.api import ImageShape
from disentangle_eval.config import build
from disentangle_eval.data import ByteImages, ImageDataset
from disentangle_eval.nn.calibrating import calibrate_batch_statistics
from disentangle_eval.opening.models import build_model
from disentangle_eval.registry.lookup import load_registry
from disentangle_eval.runtime.evaluating import evaluating
from disentangle_eval.testing.host_graph import HostGraph
from disentangle_eval.training.training import Training

CODES = {"categorical_codes": 1, "classes": 3, "continuous_codes": 2, "noise_dim": 4}
# Model, size of its images, small settings.
FAMILIES = [
    ("infogan", 8, {"width": 2, **CODES}),
    ("infogan", 8, {"width": 2, "normalisation": "spectral", **CODES}),
    ("infowgan-gp", 8, {"width": 2, "critic_steps": 2, **CODES}),
    ("binfogan", 28, {"width": 2, **CODES}),
    ("infoae", 8, {"width": 2, "classes": 3, "noise_dim": 4, "z_dim": 5, "hidden": 7}),
    ("ibgan", 64, {"z_dim": 5, "r_dim": 3, "generator_width": 2, "discriminator_width": 2}),
    ("ibgan-gan", 64, {"z_dim": 5, "variant": "big", "generator_width": 2, "discriminator_width": 2}),
    ("ibgan-infogan", 64, {"z_dim": 5, "generator_width": 2, "discriminator_width": 2}),
    ("beta-vae", 16, {"latent_dim": 3, "hidden": 7}),
    ("jointvae", 16, {"latent_dim": 3, "classes": (3,), "hidden": 7}),
    ("factorvae", 16, {"latent_dim": 3, "hidden": 7, "discriminator_width": 6, "discriminator_layers": 2}),
]
DECAY = 0.5


def images(size):
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (12, 1, size, size), dtype=torch.uint8, generator=generator)
    return ImageDataset("noise", "0" * 64, ByteImages(pixels))


def training(name, size, settings, new_graph=None):
    registry = load_registry()
    record = registry.find_model(name)
    cfg = build(registry.resolve(record, "config"), {"batch_size": 4, **settings})
    model = build_model(registry.resolve(record, "target"), cfg, ImageShape(1, size, size), 0)
    return Training(model, images(size), cfg, 0, torch.device("cpu"), new_graph=new_graph)


def offered(model, size):
    """Everything that a model offers of eight images and as many latents."""
    x = images(size).images(torch.arange(8))
    z = model.prior.sample(Fixed(), 8)
    with evaluating(model):
        found = [model.encode(x), model.generate(z)]
        found += [model.reconstruct(x)] if hasattr(model, "reconstruct") else []
        found += [model.decode(model.encode(x))] if hasattr(model, "decode") else []
        found += [model.posterior(x).mean] if hasattr(model, "posterior") else []
        found += [model.lower_bound(z, Fixed())] if hasattr(model, "lower_bound") else []
        found += [model.rate(z)] if hasattr(model, "rate") else []
        found += [model.log_likelihood(x, z)] if hasattr(model, "log_likelihood") else []
        found += list(model.class_probabilities(x)) if hasattr(model, "class_probabilities") else []
    return found


class Fixed:
    """The same draws for everyone."""

    def normal(self, *shape):
        return torch.randn(*shape, generator=torch.Generator().manual_seed(1))

    def uniform(self, *shape):
        return torch.rand(*shape, generator=torch.Generator().manual_seed(1))

    def integers(self, high, *shape):
        return torch.randint(high, shape, generator=torch.Generator().manual_seed(1))


def with_averages_as_weights(kept, plain):
    """The model `plain` with the weights and buffers of `kept`, and averages in place of the weights that have any."""
    state = kept.state_dict()
    own = {name: value for name, value in state.items() if not name.startswith("averages.")}
    for name, average in kept.averages.items():
        own |= {f"{name}.{key.replace('-', '.')}": value for key, value in average.state_dict().items()}
    plain.load_state_dict(own)
    return plain


@pytest.mark.parametrize(("name", "size", "settings"), FAMILIES)
def test_what_a_model_offers_is_computed_with_averages_of_the_weights(name, size, settings):
    run = training(name, size, {**settings, "average_decay": DECAY})
    expected = {key: value.clone() for key, value in run.model.named_parameters()}
    follow, calls = run.model.follow_weights, []

    def counted_out():
        calls.append(run.iteration)
        for key, value in run.model.named_parameters():
            expected[key] = DECAY * expected[key] + (1 - DECAY) * value.detach()
        follow()

    run.model.follow_weights = counted_out
    run.advance(3)
    assert calls == [0, 1, 2]
    assert run.model.averages
    for network, average in run.model.averages.items():
        for key, value in average.named_buffers():
            torch.testing.assert_close(value, expected[f"{network}.{key.replace('-', '.')}"])
    plain = with_averages_as_weights(run.model, training(name, size, settings).model)
    for ours, theirs in zip(offered(run.model, size), offered(plain, size), strict=True):
        torch.testing.assert_close(ours, theirs)
    batches = [images(size).images(torch.arange(12))]
    assert calibrate_batch_statistics(run.model, batches) == calibrate_batch_statistics(plain, batches)
    torch.testing.assert_close(offered(run.model, size)[0], offered(plain, size)[0])


@pytest.mark.parametrize(("name", "size", "settings"), FAMILIES)
def test_averages_change_nothing_in_training_and_are_resumed_bit_for_bit(name, size, settings):
    plain, whole = training(name, size, settings), training(name, size, {**settings, "average_decay": DECAY})
    plain.advance(4)
    whole.advance(2)
    broken_off = training(name, size, {**settings, "average_decay": DECAY})
    broken_off.restore(copy.deepcopy(whole.weights()), copy.deepcopy(whole.state()), 2)
    for run in (whole, broken_off):
        run.advance(2)
    assert not any("averages" in key for key in plain.weights())
    assert all(torch.equal(value, whole.weights()[key]) for key, value in plain.weights().items())
    assert whole.weights().keys() == broken_off.weights().keys()
    assert all(torch.equal(value, broken_off.weights()[key]) for key, value in whole.weights().items())


@pytest.mark.parametrize(("name", "size", "settings"), [FAMILIES[0], FAMILIES[-1]])
def test_averages_are_captured_with_the_iteration(name, size, settings):
    eager, captured = (
        training(name, size, {**settings, "average_decay": DECAY}, new_graph) for new_graph in (None, HostGraph)
    )
    for run in (eager, captured):
        run.advance(4)
    assert captured.not_captured is None
    assert all(torch.equal(value, captured.weights()[key]) for key, value in eager.weights().items())
