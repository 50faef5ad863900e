import numpy as np
import pytest
from factor_tables import labelled, score

from disentangle_eval.data.factor_table import FactorTable
from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.errors import UsageError
from disentangle_eval.metrics.subject import CodeTable
from disentangle_eval.metrics.toolbox.labelled_votes import LabelledStream
from disentangle_eval.scoring.measurements import plan
from disentangle_eval.scoring.needs import unmet


def uneven(n=300):
    """Labelled images of three factors, the first with a class of one image and the last constant."""
    random = np.random.default_rng(0)
    table = np.stack([random.integers(4, size=n) ** 2, random.integers(3, size=n), np.ones(n, int)], axis=1)
    table[0, 0] = 20
    return FactorTable(("a", "b", "c"), table.astype(np.int64))


def test_the_images_of_a_vote_share_a_class_that_is_fixed_as_often_as_it_occurs():
    factors = uneven()
    votes = LabelledStream(factors, 0).votes(4000, 30)
    classes = factors.classes(votes.index)
    assert set(votes.fixed) == {0, 1}
    fixed = classes[np.arange(4000), :, votes.fixed]
    assert (fixed == fixed[:, :1]).all()
    first = fixed[votes.fixed == 0, 0]
    share = {int(c): (factors.table[:, 0] == c).sum() / 299 for c in np.unique(factors.table[:, 0]) if c != 20}
    assert {int(c): (first == c).mean() for c in np.unique(first)} == pytest.approx(share, abs=0.03)
    # Every image of a class is as likely as any other.
    drawn = np.bincount(votes.index[(votes.fixed == 1) & (fixed[:, 0] == 2)].ravel(), minlength=300)
    members = factors.table[:, 1] == 2
    assert drawn[~members].sum() == 0
    assert drawn[members] / drawn.sum() == pytest.approx(1 / members.sum(), rel=0.3)


def test_the_images_of_a_pair_share_a_class_drawn_anew_for_each():
    factors = uneven()
    pairs = LabelledStream(factors, 0).pairs(500, 20)
    classes = factors.classes(pairs.index)
    shared = classes[np.arange(500), :, :, pairs.fixed]
    assert (shared[:, 0] == shared[:, 1]).all()
    assert all(len(np.unique(row)) > 1 for row in shared[:, 0])


@pytest.mark.parametrize("name", ["factorvae", "higgins"])
def test_on_every_combination_labelled_scores_as_dlib_does(name):
    space = FactorSpace(("a", "b", "c"), (3, 4, 5))
    classes = space.classes(np.arange(60))
    codes = classes @ np.array([[1, 0.7, 0], [0, 1, 0.7], [0.7, 0, 1]]) + 1.5 * np.random.default_rng(0).normal(
        size=(60, 3)
    )
    dlib = score(name, CodeTable(codes, space)).values["value"]
    found = score(name, labelled(codes, classes), "labelled").values
    assert found["value"] == pytest.approx(dlib, abs=0.03)
    assert dlib > 0.4


@pytest.mark.parametrize("name", ["factorvae", "higgins"])
def test_a_perfect_code_of_labelled_images_scores_1_and_noise_scores_chance(name):
    factors = uneven()
    codes = np.column_stack([factors.table[:, :2], np.zeros(300)]).astype(float)
    perfect = score(name, CodeTable(codes, factors), "labelled")
    assert perfect.values["value"] == 1
    assert perfect.values["factors"] == ["a", "b"]
    noise = score(name, CodeTable(np.random.default_rng(1).normal(size=(300, 4)), factors), "labelled")
    assert noise.chance == pytest.approx(0.5, abs=0.1)
    assert noise.values["value"] == pytest.approx(noise.chance, abs=0.15)


def test_chance_is_that_of_permuted_codes_where_classes_are_too_small_for_independent_pairs():
    # Of classes of two images every second pair is an image with itself, whatever the code.
    factors = np.stack([np.arange(200) // 2, np.arange(200) % 2], axis=1)
    noise = labelled(np.random.default_rng(0).normal(size=(200, 5)), factors)
    found = score("higgins", noise, "labelled", train_points=2000, eval_points=1000)
    assert found.values["value"] > 0.95
    assert found.chance == pytest.approx(found.values["value"], abs=0.05)
    votes = score("factorvae", noise, "labelled", train_votes=2000, eval_votes=1000)
    assert votes.values["eval_chance"] == votes.chance == pytest.approx(votes.values["value"], abs=0.1)
    assert votes.values["train_chance"] >= votes.chance - 0.05


def test_correlated_factors_are_distinguished_only_as_far_as_their_images_allow():
    factors = np.repeat(np.random.default_rng(0).integers(5, size=(400, 1)), 2, axis=1)
    table = labelled(factors + 0.01 * np.random.default_rng(1).normal(size=(400, 2)), factors)
    assert score("factorvae", table, "labelled").values["value"] == pytest.approx(0.5, abs=0.02)


def test_only_this_protocol_needs_no_grid():
    table = labelled(np.zeros((4, 1)), np.arange(4)[:, None] // 2)
    for name in ("factorvae", "higgins"):
        (grid,), (images,) = plan([name]), plan([name], ["labelled"])
        assert unmet(grid, table.offered) == ["grid"]
        assert unmet(images, table.offered) == []


def test_images_that_are_all_alone_in_their_classes_are_refused():
    with pytest.raises(UsageError, match="of which one has two images; divide real-valued factors into classes"):
        LabelledStream(FactorTable(("a",), np.arange(5)[:, None]), 0)


def test_random_images_are_different_ones_or_all_there_are():
    factors = uneven()
    images = LabelledStream(factors, 0).images(100)
    assert len(set(images.tolist())) == 100
    assert set(images.tolist()) < set(range(300))
    np.testing.assert_array_equal(LabelledStream(factors, 0).images(300), np.arange(300))
