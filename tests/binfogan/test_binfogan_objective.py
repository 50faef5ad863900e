"""The losses of Bidirectional InfoGAN against a plain float64 evaluation of what the networks put out."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from binfogan_tiny import BATCH, CATEGORICAL, CLASSES, CONTINUOUS, IMAGE, NETWORKS, NOISE, tiny_binfogan
from shown_images import assert_bound_of_an_iteration_is_under_noise, assert_encodes_images_as_they_are

from disentangle_eval.nn.augmenting import random_affine
from disentangle_eval.testing import RecordedStep, record_calls
from disentangle_eval.training.planning import plan_run
from disentangle_eval.training.players import build_players


def double(tensor):
    return tensor.detach().double().numpy()


def log_sigmoid(logit):
    return -np.logaddexp(0, -double(logit))


def softmax(logits):
    return np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)


def test_every_term_and_both_totals():
    lambda_ = 0.7
    model = tiny_binfogan(lambda_=lambda_).train()
    step = RecordedStep(BATCH, IMAGE)
    calls = record_calls(model, NETWORKS)
    losses = model.losses(step)

    hot = np.stack([np.eye(CLASSES)[double(draw).astype(int)] for draw in step.handed["integers"]], axis=1)
    continuous, noise = (2 * double(draw) - 1 for draw in step.handed["uniform"][:2])
    assert (continuous.shape, noise.shape) == ((BATCH, CONTINUOUS), (BATCH, NOISE))
    ((latent, fake),) = calls["generator"]
    drawn = np.hstack([hot.reshape(BATCH, -1), continuous, noise])
    np.testing.assert_allclose(double(latent), drawn, rtol=1e-6)

    # E reads the real and the drawn images in calls of their own
    by_image = {double(x).tobytes(): output for x, output in calls["encoder"]}
    (images,) = step.handed["images"]
    on_real, real_noise = by_image[double(images).tobytes()]
    on_fake, _ = by_image[double(fake).tobytes()]
    inferred = np.hstack([softmax(double(on_real.logits)).reshape(BATCH, -1), double(on_real.mean), double(real_noise)])
    assert np.abs(double(real_noise)).max() < 1

    # D judges the drawn pair and the inferred pair
    logits = {}
    for x, code, _, logit in calls["discriminator"]:
        real = np.array_equal(double(x), double(images))
        np.testing.assert_allclose(double(code), inferred if real else drawn, rtol=1e-5, atol=1e-6)
        logits["real" if real else "fake"] = logit

    d_real, d_fake = -np.mean(log_sigmoid(logits["real"])), -np.mean(log_sigmoid(-logits["fake"]))
    g, e = -np.mean(log_sigmoid(logits["fake"])), -np.mean(log_sigmoid(-logits["real"]))
    cross_entropy = -np.mean(np.sum(hot * np.log(softmax(double(on_fake.logits))), axis=(1, 2)))
    squares = (continuous - double(on_fake.mean)) ** 2
    nll = np.mean(np.sum(0.5 * np.log(2 * np.pi) + 0.5 * squares, axis=1))
    categorical = CATEGORICAL * np.log(CLASSES) - cross_entropy
    continuous_bound = CONTINUOUS * np.log(2) - nll
    expected = {
        "discriminator_real": d_real,
        "discriminator_fake": d_fake,
        "generator_adversarial": g,
        "encoder_adversarial": e,
        "lower_bound": categorical + continuous_bound,
        "lower_bound_categorical": categorical,
        "lower_bound_continuous": continuous_bound,
    }
    assert set(losses.terms) == set(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(double(losses.terms[name]), value, rtol=1e-4, atol=1e-5, err_msg=name)
    np.testing.assert_allclose(double(losses.total["discriminator"]), d_real + d_fake, rtol=1e-4)
    np.testing.assert_allclose(double(losses.total["generator"]), g + e + lambda_ * (cross_entropy + nll), rtol=1e-4)


@pytest.mark.parametrize(("network", "deviations"), [("mnist", (0.3, 0.5, 0.5)), ("rgb32", (0.0, 0.0, 0.0, 0.0))])
def test_noise_is_added_behind_each_activation_of_d(network, deviations):
    side = {"mnist": 28, "rgb32": 32}[network]
    model = tiny_binfogan(image=(1, side, side), network=network).train()
    step, d = RecordedStep(BATCH, IMAGE), model.discriminator
    seen = []
    for block in (*d.image, *d.code, d.both, d.logit):
        block.register_forward_hook(lambda module, inputs, output: seen.append((inputs[0].detach(), output.detach())))
    d(torch.rand(BATCH, 1, side, side), torch.rand(BATCH, model.prior.dim), step)

    *branches, (both_in, both_out), (logit_in, _) = seen
    last = len(deviations) - 1
    added = [branches[i + 1][0] - branches[i][1] for i in range(last)]
    added += [branches[i + 1][0] - branches[i][1] for i in range(last + 1, len(branches) - 1)]
    ends = torch.cat([branches[last][1], branches[-1][1]], dim=1)
    image_end, code_end = (both_in - ends).chunk(2, dim=1)
    added = [*added[:last], image_end, *added[last:], code_end, logit_in - both_out]
    levels = [*deviations, *deviations, deviations[-1]]
    drawn = iter(step.handed["normal"])
    for noise, level in zip(added, levels, strict=True):
        expected = level * next(drawn) if level else torch.zeros_like(noise)
        torch.testing.assert_close(noise, expected, atol=1e-5, rtol=1e-4)
    assert next(drawn, None) is None


def test_d_has_no_noise_in_eval_mode_as_on_images_held_back():
    model, step = tiny_binfogan().eval(), RecordedStep(BATCH, IMAGE)
    x, latent = torch.rand(BATCH, *IMAGE), torch.rand(BATCH, model.prior.dim)
    assert torch.equal(model.discriminator(x, latent, step), model.discriminator(x, latent, step))


def test_both_players_step_on_one_forward_pass():
    (round_,) = tiny_binfogan().rounds()
    assert (round_.players, round_.every, round_.repeats) == (("discriminator", "generator"), 1, 1)


def reached(loss, model):
    found = set()
    for name in NETWORKS:
        parameters = list(getattr(model, name).parameters())
        gradients = torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True)
        found |= {name for gradient in gradients if gradient is not None and gradient.any()}
    return found


def test_which_loss_reaches_which_network():
    model = tiny_binfogan().train()
    losses = model.losses(RecordedStep(BATCH, IMAGE))
    assert reached(losses.terms["generator_adversarial"], model) == {"generator", "discriminator"}
    assert reached(losses.terms["encoder_adversarial"], model) == {"encoder", "discriminator"}
    assert reached(losses.terms["lower_bound"], model) == {"generator", "encoder"}
    assert reached(losses.total["generator"], model) == set(NETWORKS)


def test_the_noise_z_is_not_read_back():
    model = tiny_binfogan().train()
    bound = model.losses(RecordedStep(BATCH, IMAGE)).terms["lower_bound"]
    assert torch.autograd.grad(bound, list(model.encoder.noise.parameters()), allow_unused=True) == (None, None)


def test_players_rates_and_their_decay_to_a_fifth():
    players = build_players(tiny_binfogan(decay_iterations=1_000))
    owned = {name: {id(p) for p in player.parameters} for name, player in players.items()}
    model = tiny_binfogan(decay_iterations=1_000)
    sizes = {name: sum(p.numel() for p in getattr(model, name).parameters()) for name in NETWORKS}
    counts = {name: sum(p.numel() for p in player.parameters) for name, player in players.items()}
    assert counts == {
        "discriminator": sizes["discriminator"],
        "generator": sizes["generator"] + sizes["encoder"],
    }
    assert not owned["discriminator"] & owned["generator"]
    for iteration, share in ((0, 1.0), (750, 0.2 + 0.8 * 0.25**0.5), (1_000, 0.2), (2_000, 0.2)):
        for name, start in (("discriminator", 1e-4), ("generator", 5e-4)):
            players[name].follow_schedule(iteration)
            for group in players[name].optimiser.param_groups:
                assert group["lr"] == pytest.approx(start * share, rel=1e-12)
                assert group["betas"] == (0.5, 0.999)


@pytest.mark.parametrize(
    ("given", "expected"),
    [({"iterations": 600}, 600), ({"iterations": 600, "decay_iterations": 300}, 300)],
)
def test_rates_fall_over_the_run_unless_a_number_of_iterations_is_given(given, expected):
    schedules = [player.optim.schedule for player in tiny_binfogan(**given).players()]
    assert [schedule.iterations for schedule in schedules] == [expected, expected]


def test_a_shortened_schedule_falls_over_the_iterations_that_are_given_with_it(tmp_path):
    typed = {"dataset": "svhn", "shorten": 10, "iterations": 600, "device": "cpu"}
    cfg = plan_run("binfogan", typed, tmp_path / "run").cfg
    assert (cfg.lr_generator, cfg.decay_iterations, cfg.iterations) == (pytest.approx(1e-3), None, 600)


def test_continuous_codes_have_a_share_of_the_weight_of_codes():
    whole, part = tiny_binfogan(lambda_=0.7), tiny_binfogan(lambda_=0.7, continuous_share=0.25)
    all_of_it, less = whole.losses(RecordedStep(BATCH, IMAGE)), part.losses(RecordedStep(BATCH, IMAGE))
    nll = CONTINUOUS * np.log(2) - all_of_it.terms["lower_bound_continuous"].item()
    difference = (all_of_it.total["generator"] - less.total["generator"]).item()
    assert difference == pytest.approx(0.7 * 0.75 * nll, rel=1e-4)


def test_an_augmented_image_and_its_code_make_the_pair_that_d_judges():
    model = tiny_binfogan(augment=True).train()
    step = RecordedStep(BATCH, IMAGE)
    calls = record_calls(model, NETWORKS)
    model.losses(step)
    maps = [draw for draw in step.handed["uniform"] if draw.shape == (BATCH, 5)]
    ((_, drawn),) = calls["generator"]
    expected = [
        random_affine(image, SimpleNamespace(uniform=lambda *shape, numbers=numbers: numbers))
        for image, numbers in zip((drawn, step.handed["images"][0]), maps, strict=True)
    ]
    for images in ([x for x, *_ in calls["discriminator"]], [x for x, _ in calls["encoder"]]):
        assert len(images) == 2
        assert all(any(torch.allclose(x, moved, atol=1e-6) for x in images) for moved in expected)


def test_d_and_e_are_shown_images_under_noise_in_training_and_not_when_encoding():
    model = tiny_binfogan(image_noise=0.3).train()
    step = RecordedStep(BATCH, IMAGE)
    calls = record_calls(model, NETWORKS)
    model.losses(step)
    ((_, drawn),) = calls["generator"]
    noise = [draw for draw in step.handed["normal"] if draw.shape == drawn.shape]
    for image, on_image in zip((drawn, step.handed["images"][0]), noise, strict=True):
        for images in ([x for x, *_ in calls["discriminator"]], [x for x, _ in calls["encoder"]]):
            assert any(torch.allclose(x, image + 0.3 * on_image, atol=1e-6) for x in images)
    assert_encodes_images_as_they_are(model, NETWORKS, "encoder", BATCH, IMAGE)


def test_the_bound_of_an_iteration_is_under_its_noise():
    assert_bound_of_an_iteration_is_under_noise(tiny_binfogan(image_noise=0.3), BATCH, IMAGE)
