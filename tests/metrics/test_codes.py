import numpy as np
import pytest
import torch
from code_tables import load_code_table
from pixel_models import GridData, PixelEncoder

from disentangle_eval.data.factors import FactorSpace
from disentangle_eval.data.own.known import quantile_classes
from disentangle_eval.errors import DevalError, DevalWarning, UsageError
from disentangle_eval.latents import Categorical, Continuous
from disentangle_eval.metrics.code_arrays import code_arrays, code_table
from disentangle_eval.metrics.factors.config import R2Config
from disentangle_eval.metrics.factors.r2 import R2Metric
from disentangle_eval.metrics.subject import CodeTable, EncodedSubject


def test_every_image_is_encoded_once_and_in_large_batches(space):
    model = PixelEncoder(4)
    subject = EncodedSubject(model, GridData(space), batch_size=100)
    index = np.random.default_rng(0).integers(200, size=(50, 8))

    codes = subject.codes(index)
    subject.codes(np.arange(len(space)))
    subject.codes(index)

    assert codes.dtype == np.float32
    np.testing.assert_array_equal(codes, space.classes(index))
    seen = torch.cat(model.seen).flatten(1).int().numpy()
    np.testing.assert_array_equal(np.sort(space.index(seen)), np.arange(len(space)))
    assert len(model.seen) <= 5


def test_a_model_encodes_in_evaluation_mode_and_is_left_as_it_was(space):
    model = PixelEncoder(4).train()
    model.dropout.eval()
    EncodedSubject(model, GridData(space)).codes(np.arange(5))
    assert model.was_training == [False]
    assert model.training
    assert not model.dropout.training


def test_a_model_whose_codes_are_nan_is_refused(space):
    with pytest.raises(DevalError, match=r"PixelEncoder.encode: received NaN or infinity in 7 of 7 rows"):
        EncodedSubject(PixelEncoder(4, scale=float("nan")), GridData(space)).codes(np.arange(7))


def test_a_model_whose_codes_have_another_width_is_refused(space):
    with pytest.raises(DevalError, match=r"shape \(7, 4\), expected \(7, 3\)"):
        EncodedSubject(PixelEncoder(3), GridData(space)).codes(np.arange(7))


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        (np.zeros(360), r"received shape \(360,\), expected \(N, K\)"),
        (np.zeros((360, 0)), r"received shape \(360, 0\)"),
        (np.zeros((359, 2)), r"received 359 rows, expected 360, one for each of 3 x 4 x 5 x 6 images"),
        (np.zeros((360, 2), complex), "dtype complex128, expected real numbers"),
        (np.where(np.arange(360) < 3, np.nan, 1.0)[:, None], "NaN or infinity in 3 of 360 rows"),
    ],
)
def test_unusable_codes_are_named(space, codes, message):
    with pytest.raises(UsageError, match=message):
        CodeTable(codes, space)


@pytest.mark.parametrize("stranger", [-1.0, 0.5, 3.0])
def test_a_class_that_does_not_exist_is_refused(space, stranger):
    codes = np.zeros((len(space), 2))
    codes[5, 1] = stranger
    with pytest.raises(UsageError, match=rf"received {stranger:g} in column 1, expected a class from 0 to 2"):
        CodeTable(codes, space, (Continuous(), Categorical(3)))


def test_float32_codes_keep_their_precision_and_integers_become_float64(space, classes):
    index = np.array([[0, 1], [2, 3]])
    assert CodeTable(classes.astype(np.float32), space).codes(index).dtype == np.float32
    assert CodeTable(classes, space).codes(index).dtype == np.float64


def test_a_file_of_codes_is_read_with_its_names_and_classes(tmp_path):
    path = tmp_path / "codes.npz"
    codes = np.random.default_rng(0).normal(size=(6, 2))
    codes[:, 1] = [0, 1, 2, 0, 1, 2]
    np.savez(path, codes=codes, factor_sizes=[2, 3], factor_names=["shape", "x"], code_classes=[0, 3])
    table = load_code_table(path)
    assert table.factors == FactorSpace(("shape", "x"), (2, 3))
    assert table.code == (Continuous(), Categorical(3))
    np.testing.assert_array_equal(table.codes(np.arange(6)), codes)


def test_samples_that_have_every_combination_once_are_a_grid_in_its_order(tmp_path):
    path = tmp_path / "codes.npz"
    order = np.random.default_rng(0).permutation(12)
    factors = np.stack(np.divmod(order, 4), axis=1) * [10, 0.5]
    np.savez(path, codes=order[:, None], factors=factors, factor_names=["size", "x"], labels=order % 2)
    table = load_code_table(path)
    assert table.grid == FactorSpace(("size", "x"), (3, 4))
    np.testing.assert_array_equal(table.codes(np.arange(12))[:, 0], np.arange(12))
    np.testing.assert_array_equal(table.labels, np.arange(12) % 2)


def test_a_grid_keeps_the_values_of_its_factors_and_writes_them(tmp_path):
    order = np.random.default_rng(0).permutation(12)
    values = np.stack([np.array([1, 10, 100])[order // 4], order % 4], axis=1)
    table = load_code_table(write(tmp_path / "codes.npz", codes=values, factors=values))
    np.testing.assert_array_equal(table.grid.values, table.codes(np.arange(12)))
    again = code_table(code_arrays(table))
    np.testing.assert_array_equal(again.grid.values, table.grid.values)
    metric = R2Metric(R2Config(num_test=None))
    assert metric.score(table, 0).values["r2"] == pytest.approx([1, 1])
    assert metric.score(again, 0).values == metric.score(table, 0).values


@pytest.mark.parametrize("bins", [0, 3])
def test_factors_that_code_arrays_cannot_write_as_values_are_written_as_classes(bins):
    values = np.random.default_rng(0).normal(size=(30, 1)) if bins else np.arange(30)[:, None] // 4
    table = code_table({"codes": values, "factors": values, "factor_bins": np.array(bins)})
    again = code_table(code_arrays(table))
    np.testing.assert_array_equal(again.factors.classes(np.arange(30)), table.factors.classes(np.arange(30)))


def test_factors_of_real_numbers_are_cut_into_the_classes_asked_for(tmp_path):
    path = tmp_path / "codes.npz"
    values = np.random.default_rng(0).normal(size=(400, 1))
    np.savez(path, codes=values, factors=values)
    with pytest.raises(UsageError, match=r"'factor0': received 400 different values.* factor_bins=20 with codes"):
        load_code_table(path)
    np.savez(path, codes=values, factors=values, factor_bins=8)
    classes = load_code_table(path).factors.classes(np.arange(400))
    assert np.bincount(classes[:, 0]).tolist() == [50] * 8


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"codes": np.zeros((6, 2))}, "holds codes alone: received no data set"),
        ({"z": np.zeros(3), "factors": np.zeros(3)}, r"received the arrays factors, z, expected codes \(N, K\)"),
        ({"codes": np.zeros((6, 2)), "factor_sizes": [2, 4]}, "received 2 x 4 = 8 combinations for 6 images"),
        ({"codes": np.zeros((6, 2)), "factor_sizes": [2.0, 3.0]}, "factor_sizes: received float64"),
        ({"codes": np.zeros((6, 2)), "factor_sizes": [0, 6]}, r"factor_sizes: received \[0, 6\]"),
        ({"codes": np.zeros((6, 2)), "factor_sizes": [6], "factor_names": ["a", "b"]}, "factor_names: received shape"),
        ({"codes": np.zeros((6, 2)), "factor_sizes": [6], "code_classes": [0]}, "received 2 columns, expected 1"),
        ({"codes": np.array([[object()]]), "factor_sizes": [1]}, "not readable"),
    ],
)
def test_a_file_that_holds_something_else_is_explained_on_one_line(tmp_path, arrays, message):
    path = tmp_path / "codes.npz"
    np.savez(path, **arrays)
    with pytest.raises(UsageError, match=message) as caught:
        load_code_table(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_the_labels_of_a_data_set_are_those_of_the_subject(space):
    data = GridData(space)
    subject = EncodedSubject(PixelEncoder(4), data)
    assert "labels" not in subject.offered
    with pytest.raises(UsageError, match="dataset 'grid' has no labels"):
        subject.labels  # noqa: B018
    object.__setattr__(data, "labels", np.arange(len(data)) % 2)
    labelled = EncodedSubject(PixelEncoder(4), data)
    assert "labels" in labelled.offered
    assert labelled.labels is data.labels


def write(path, **arrays):
    np.savez(path, **arrays)
    return path


def test_only_the_arrays_of_a_table_are_read_and_the_others_are_named(tmp_path):
    path = write(
        tmp_path / "codes.npz",
        codes=np.zeros((6, 2)),
        factor_sizes=[2, 3],
        images=np.zeros((6, 4, 4)),
        model=np.array([{"pickled": "next to the codes"}], dtype=object),
    )
    with pytest.warns(DevalWarning, match=r"codes.npz: not read: images, model$"):
        assert len(load_code_table(path)) == 6


def test_a_name_that_is_nearly_one_of_a_table_s_is_refused(tmp_path):
    path = write(tmp_path / "codes.npz", codes=np.zeros((6, 2)), factor_sizes=[2, 3], code_clases=[0, 3])
    with pytest.raises(UsageError, match=r"codes.npz: received an array 'code_clases', expected 'code_classes'"):
        load_code_table(path)


def test_log_variances_go_with_their_codes_into_grid_order(tmp_path):
    order = np.array([3, 1, 0, 2])
    factors = np.stack(np.divmod(order, 2), axis=1)
    path = write(tmp_path / "codes.npz", codes=order[:, None], log_variance=-order[:, None] / 1.0, factors=factors)
    table = load_code_table(path)
    np.testing.assert_array_equal(table.log_variance(np.arange(4)), -table.codes(np.arange(4)))
    np.testing.assert_array_equal(order[table.order], np.arange(4))
    with pytest.raises(UsageError, match=r"log_variance: received shape \(4, 2\), expected \(4, 1\), as the codes"):
        load_code_table(write(path, codes=order[:, None], log_variance=np.zeros((4, 2)), factors=factors))


def test_codes_too_large_to_square_are_refused_before_any_metric(tmp_path):
    path = write(tmp_path / "codes.npz", codes=np.linspace(-1e75, 0, 6)[:, None], factor_sizes=[6])
    with pytest.raises(UsageError, match=r"codes: received numbers up to 1e\+75, expected numbers below 1e\+75"):
        load_code_table(path)


@pytest.mark.parametrize("wrong", [(6, 5, 4, 3), (4, 3, 5, 6), (3, 4, 6, 5)])
def test_factor_sizes_in_an_order_the_codes_contradict_are_a_warning(tmp_path, classes, wrong):
    noisy = classes + 0.3 * np.random.default_rng(0).normal(size=classes.shape)
    path = write(tmp_path / "codes.npz", codes=noisy, factor_sizes=wrong)
    with pytest.warns(DevalWarning, match=r"factor_sizes: received .* the codes follow a grid of \[3, 4, 5, 6\]"):
        load_code_table(path)


@pytest.mark.parametrize("kind", ["axes", "turned", "random", "row", "dead"])
def test_codes_in_the_order_that_is_said_are_no_warning(tmp_path, classes, recwarn, kind):
    random = np.random.default_rng(0)
    codes = {
        "axes": classes.astype(float),
        "turned": classes @ random.normal(size=(4, 4)),
        "random": random.normal(size=classes.shape),
        "row": np.arange(len(classes))[:, None],
        "dead": np.zeros((len(classes), 2)),
    }[kind]
    load_code_table(write(tmp_path / "codes.npz", codes=codes, factor_sizes=[3, 4, 5, 6]))
    warned = [str(warning.message) for warning in recwarn]
    constant = "codes: all rows are the same, so no score says anything about a representation"
    assert warned == ([constant] if kind == "dead" else [])


def test_factors_next_to_factor_sizes_say_which_row_is_which(tmp_path, classes, recwarn):
    path = write(tmp_path / "codes.npz", codes=classes, factors=classes, factor_sizes=[3, 4, 5, 6])
    assert load_code_table(path).grid.sizes == (3, 4, 5, 6)
    assert not recwarn.list
    write(path, codes=classes[::-1], factors=classes[::-1], factor_sizes=[3, 4, 5, 6])
    with pytest.warns(DevalWarning, match=r"factor_sizes: received \[3, 4, 5, 6\], but the rows of factors"):
        table = load_code_table(path)
    np.testing.assert_array_equal(table.codes(np.arange(len(table))), classes)


@pytest.mark.parametrize("bins", [2, 3, 8, 20])
def test_classes_of_a_factor_of_real_numbers_do_not_depend_on_its_sign(bins):
    random = np.random.default_rng(0)
    zeros = np.where(random.uniform(size=1001) < 0.97, 0, random.uniform(0.2, 1, size=1001))
    for values in (zeros, random.normal(size=401), random.exponential(size=400).round(1), np.array([0.5, 2.5, 9.5])):
        classes, negated = quantile_classes(values, bins), quantile_classes(-values, bins)
        by_class = np.unique(np.stack([classes, negated]), axis=1)
        assert len(np.unique(classes)) == len(np.unique(negated)) == by_class.shape[1]
        assert 0 <= classes.min() <= classes.max() < bins
    assert len(np.unique(quantile_classes(zeros, 20))) == 2
