"""What JointVAE offers once trained: codes of mixed kind, their latent, images, sweeps, and the promises of the kit."""

import pytest
import torch
from discrete_tiny import CLASSES, IMAGE, LATENT, TINY_JOINT, tiny_jointvae
from torch.distributions import Normal, OneHotCategorical

from disentangle_eval.api import Bottleneck, ImageShape, LowerBound
from disentangle_eval.config import build
from disentangle_eval.errors import UsageError
from disentangle_eval.latents import Categorical, Continuous
from disentangle_eval.nn.categorical import ProductDistribution
from disentangle_eval.report.traversal import sweeps
from disentangle_eval.runtime.draws import GeneratorDraw
from disentangle_eval.testing import RecordedStep, check_model, parametrize_checks

IMAGES = torch.rand(6, *IMAGE, generator=torch.Generator().manual_seed(1))
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def model():
    return tiny_jointvae().eval().requires_grad_(False)


@parametrize_checks("jointvae", image=(1, 16, 16), config=TINY_JOINT)
def test_it_conforms(check):
    check()


def test_it_conforms_in_colour_at_another_size():
    outcomes = check_model("jointvae", image=(3, 40, 28), config={**TINY_JOINT, "classes": (4,)})
    assert [outcome for outcome in outcomes if outcome.status == "failed"] == []


def test_a_code_is_the_most_probable_classes_then_the_means(model):
    a, b, mean, _ = model.encoder(IMAGES).split([*CLASSES, LATENT, LATENT], dim=1)
    codes = model.encode(IMAGES)
    assert model.code == (Categorical(3), Categorical(2), Continuous(), Continuous())
    assert codes[:, :2].tolist() == [[int(i), int(j)] for i, j in zip(a.argmax(1), b.argmax(1), strict=True)]
    torch.testing.assert_close(codes[:, 2:], mean)
    for probabilities, logits in zip(model.class_probabilities(IMAGES), (a, b), strict=True):
        torch.testing.assert_close(probabilities, logits.softmax(dim=1))


def test_a_reconstruction_decodes_one_hot_classes_and_the_mean(model):
    codes = model.encode(IMAGES)
    latent = model.latent(codes)
    assert latent.shape == (6, sum(CLASSES) + LATENT)
    for row, code in zip(latent, codes, strict=True):
        hot = [0.0] * sum(CLASSES)
        hot[int(code[0])] = hot[3 + int(code[1])] = 1.0
        assert row[:5].tolist() == hot
        torch.testing.assert_close(row[5:], code[2:])
    torch.testing.assert_close(model.reconstruct(IMAGES), model.decoder(latent).sigmoid())


def test_the_posterior_is_a_product_whose_samples_are_inputs_of_the_decoder(model):
    q = model.posterior(IMAGES)
    a, b, mean, log_variance = model.encoder(IMAGES).split([*CLASSES, LATENT, LATENT], dim=1)
    with torch.random.fork_rng():
        z = q.sample((4,))
    assert z.shape == (4, 6, model.prior.dim)
    parts = [OneHotCategorical(logits=a).log_prob(z[..., :3]), OneHotCategorical(logits=b).log_prob(z[..., 3:5])]
    normal = Normal(mean, (log_variance / 2).exp()).log_prob(z[..., 5:]).sum(dim=-1)
    torch.testing.assert_close(q.log_prob(z), sum(parts) + normal)
    torch.testing.assert_close(q.mean, torch.cat([a.softmax(1), b.softmax(1), mean], dim=1))


def test_parts_of_other_shapes_are_refused():
    with pytest.raises(ValueError, match="parts: received batch and event shapes"):
        ProductDistribution([OneHotCategorical(torch.ones(4, 3)), Normal(torch.zeros(4), 1.0)])


def test_samples_of_the_prior_are_one_hot_then_normal_and_become_images(model):
    z = model.prior.sample(GeneratorDraw(0), 9)
    assert (z[:, :3].sum(dim=1) == 1).all()
    assert (z[:, 3:5].sum(dim=1) == 1).all()
    images = model.generate(z)
    assert images.shape == (9, *IMAGE)
    assert (images >= 0).all()
    assert (images <= 1).all()
    assert not isinstance(model, Bottleneck | LowerBound)


def test_a_traversal_shows_every_class_and_holds_the_rest(model):
    rows = sweeps(model, 5, 0, CPU, given=IMAGES[:1])
    by_dimension = {row.dimension: row for row in rows}
    assert {d: len(row.positions) for d, row in by_dimension.items()} == {0: 3, 1: 2, 2: 5, 3: 5}
    code = model.encode(IMAGES[:1]).repeat(3, 1)
    code[:, 0] = torch.arange(3)
    torch.testing.assert_close(by_dimension[0].images, model.generate(model.latent(code)))
    drawn = model.traversal(GeneratorDraw(0)).origin(GeneratorDraw(1), 50)
    assert sorted({tuple(row) for row in drawn[:, :2].tolist()}) == [(i, j) for i in range(3) for j in range(2)]


def test_the_rows_of_a_traversal_are_sorted_by_the_kl_of_training():
    model = tiny_jointvae()
    terms = model.losses(RecordedStep(5, IMAGE)).terms
    torch.testing.assert_close(model.running_kl, terms["kl"].detach())
    rates = [row.rate for row in sweeps(model.eval(), 3, 0, CPU)]
    assert rates == sorted(rates, reverse=True)
    assert sorted(rates) == pytest.approx(sorted(terms["kl"].tolist()))


@pytest.mark.parametrize(("side", "convolutions"), [(28, 3), (32, 3), (64, 4)])
def test_the_published_networks(side, convolutions):
    model = tiny_jointvae(ImageShape(1, side, side), hidden=256)
    down = [(m.in_channels, m.out_channels) for m in model.encoder if isinstance(m, torch.nn.Conv2d)]
    up = [(m.in_channels, m.out_channels) for m in model.decoder if isinstance(m, torch.nn.ConvTranspose2d)]
    assert down == [(1, 32), (32, 32), (32, 64), (64, 64)] if convolutions == 4 else [(1, 32), (32, 64), (64, 64)]
    assert up == [(64, 64), (64, 32), (32, 32), (32, 1)][4 - convolutions :]
    dense = [(m.in_features, m.out_features) for m in model.encoder if isinstance(m, torch.nn.Linear)]
    assert dense == [(1024, 256), (256, sum(CLASSES) + 2 * LATENT)]


@pytest.mark.parametrize("classes", [(1,), (3, 1), ()])
def test_a_latent_of_one_class_is_refused(classes):
    with pytest.raises(UsageError, match="classes: received"):
        build(type(tiny_jointvae().cfg), {"classes": classes})
