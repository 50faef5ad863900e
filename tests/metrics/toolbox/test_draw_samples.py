import numpy as np
import pytest
from factor_tables import score

from disentangle_eval.data.factor_table import FactorTable, table_of_values
from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.errors import UsageError
from disentangle_eval.metrics.code_arrays import code_table
from disentangle_eval.metrics.subject import CodeTable
from disentangle_eval.metrics.toolbox.samples import draw_samples, factor_values, permuted_over_images, random_images


def test_on_a_grid_sets_are_drawn_batch_by_batch_from_one_stream_as_the_reference_draws_them(space, classes):
    random = np.random.RandomState(3)

    def drawn(count):
        batches = [min(16, count - start) for start in range(0, count, 16)]
        return np.concatenate([np.stack([random.randint(size, size=n) for size in space.sizes], 1) for n in batches])

    expected = [drawn(100), drawn(16), drawn(7)]
    found = draw_samples(CodeTable(classes, space), 3, 100, 16, 7)
    for samples, factors in zip(found, expected, strict=True):
        np.testing.assert_array_equal(samples.factors, factors)
        np.testing.assert_array_equal(samples.codes, factors)


def labelled(n=30):
    values = np.random.default_rng(0).normal(size=(n, 2)).round(1)
    return CodeTable(np.arange(n)[:, None], table_of_values(values, ("a", "b"))), values


def test_of_labelled_images_each_is_drawn_at_most_once_with_its_own_factors():
    subject, values = labelled()
    train, test = draw_samples(subject, 0, 12, 8)
    rows = np.concatenate([train.codes, test.codes])[:, 0].astype(int)
    assert len(set(rows)) == 20
    np.testing.assert_array_equal(train.factors, subject.factors.classes(rows[:12]))
    # Classes are ascending in the values.
    order = np.argsort(values[rows, 0], kind="stable")
    np.testing.assert_array_equal(order, np.argsort(subject.factors.classes(rows)[:, 0], kind="stable"))


def test_where_there_are_too_few_labelled_images_the_sets_shrink_together():
    train, test = draw_samples(labelled(30)[0], 0, 10_000, 5_000)
    assert (len(train), len(test)) == (20, 10)
    with pytest.raises(UsageError, match="factors: received 3 labelled images, expected at least 4, 2 for each"):
        draw_samples(labelled(3)[0], 0, 10_000, 5_000)


def test_labelled_samples_are_no_grid():
    subject, _ = labelled()
    assert subject.offered == {"encoder", "factors"}
    with pytest.raises(UsageError, match="received labelled samples, expected every combination of factors"):
        subject.grid  # noqa: B018
    grid = CodeTable(np.zeros((6, 1)), FactorSpace(("a", "b"), (2, 3)))
    assert grid.offered == {"encoder", "factors", "grid"}
    assert grid.grid is grid.factors


@pytest.mark.parametrize("table", [np.zeros(3, np.int64), np.zeros((3, 2)), np.full((3, 2), -1), np.zeros((0, 2), int)])
def test_a_table_of_factors_of_another_form_is_refused(table):
    with pytest.raises(ValueError, match=r"FactorTable: received .* expected int64 \(N, F\) of classes from 0"):
        FactorTable(("a", "b"), table)


def test_factor_values_are_those_given_or_the_classes_of_a_grid():
    subject, values = labelled()
    np.testing.assert_array_equal(factor_values(subject.factors, np.array([[3, 1]])), values[[[3, 1]]])
    binned = code_table({"codes": values, "factors": values, "factor_bins": np.array(3)})
    assert binned.factors.sizes == (3, 3)
    np.testing.assert_array_equal(factor_values(binned.factors, np.arange(30)), values)
    grid = FactorSpace(("a", "b"), (2, 3))
    np.testing.assert_array_equal(factor_values(grid, np.arange(6)), grid.classes(np.arange(6)))


@pytest.mark.parametrize("unit", [1e-9, 1e-170, 1e200])
def test_factors_of_extreme_units_are_read_in_usual_ones(unit):
    values = np.random.default_rng(0).integers(5, size=(30, 2)) * unit
    found = factor_values(code_table({"codes": values[:, :1] / unit, "factors": values}).factors, np.arange(30))
    assert np.ptp(found, axis=0) == pytest.approx([1.5, 1.5], abs=0.5)
    np.testing.assert_allclose(np.corrcoef(found.T), np.corrcoef(values.T / unit))


def test_a_first_set_smaller_than_what_there_is_has_exactly_its_size():
    train, test = draw_samples(labelled(30)[0], 0, 20, 5_000)
    assert (len(train), len(test)) == (20, 10)
    assert len(draw_samples(labelled(30)[0], 0, 10_000)[0]) == 30
    assert [len(part) for part in draw_samples(labelled(4)[0], 0, 2, 2)] == [2, 2]


def test_images_are_permuted_and_not_draws():
    rows, images = np.arange(12).reshape(6, 2), np.array([7, 3, 9, 0, 5, 4])
    np.testing.assert_array_equal(
        permuted_over_images(np.random.default_rng(1), rows, images), np.random.default_rng(1).permutation(rows)
    )
    drawn = np.random.default_rng(0).integers(6, size=50)
    found = permuted_over_images(np.random.default_rng(1), rows[drawn], images[drawn])
    assert len(np.unique(np.column_stack([images[drawn], found]), axis=0)) == len(np.unique(drawn)) == 6
    assert len(np.unique(found, axis=0)) == 6
    assert (found != rows[drawn]).any()


@pytest.mark.parametrize("name", ["jemmig", "mcc", "r2", "irs"])
def test_noise_on_a_grid_of_few_images_scores_its_chance_though_every_image_is_drawn_many_times(name):
    grid = FactorSpace(("a", "b", "c"), (3, 4, 5))
    noise = CodeTable(np.random.default_rng(100).normal(size=(60, 4)), grid)
    found = score(name, noise)
    assert found.values["value"] > (0.05 if name == "r2" else 0.15)
    assert found.chance == pytest.approx(found.values["value"], abs=0.06)


@pytest.mark.parametrize("count", [None, 2, 10])
def test_random_images_are_different_ones_or_all_and_a_single_one_is_refused(count):
    found = random_images(5, count, 0)
    assert len(set(found)) == len(found) == min(5, count or 5)
    assert (np.diff(found) > 0).all()
    with pytest.raises(UsageError, match="images: received 1 images, expected at least 2"):
        random_images(1, count, 0)
